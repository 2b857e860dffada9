// All extensions of the command line and the service.
import { davExtension } from "../extensions/gateways/dav/extension.ts";
import { hubExtension } from "../extensions/gateways/hub/extension.ts";
import { mlflowExtension } from "../extensions/gateways/mlflow/extension.ts";
import { ociExtension } from "../extensions/gateways/oci/extension.ts";
import { s3Extension } from "../extensions/gateways/s3/extension.ts";
import { wandbExtension } from "../extensions/gateways/wandb/extension.ts";
import { maintenanceExtension } from "../extensions/maintenance/extension.ts";
import { mirrorsExtension } from "../extensions/mirrors/extension.ts";
import { generalPipelineExtension } from "../extensions/neighbors/general_pipeline/extension.ts";
import { importExtension } from "../extensions/neighbors/import/extension.ts";
import { mindtraceExtension } from "../extensions/neighbors/mindtrace/extension.ts";
import { pipelinesExtension } from "../operators/surface/extension.ts";
import { pluginsExtension } from "../extensions/plugins/surface/extension.ts";
import { processesExtension } from "../extensions/processes/extension.ts";
import { jobsExtension } from "../extensions/queues/surface/extension.ts";
import { runsExtension } from "../extensions/runs/surface/extension.ts";
import { signaturesExtension } from "../extensions/signatures/extension.ts";
import { signInExtension } from "../extensions/sign_in/extension.ts";
import { verificationExtension } from "../extensions/verification/extension.ts";
import type { Extension } from "./cli/program/extension.ts";
import { mcpExtension } from "../extensions/gateways/mcp/extension.ts";

export const EXTENSIONS: readonly Extension[] = [
  jobsExtension,
  hubExtension,
  mlflowExtension,
  wandbExtension,
  davExtension,
  s3Extension,
  ociExtension,
  mcpExtension,
  maintenanceExtension,
  mirrorsExtension,
  verificationExtension,
  mindtraceExtension,
  importExtension,
  generalPipelineExtension,
  signInExtension,
  signaturesExtension,
  processesExtension,
  pipelinesExtension,
  pluginsExtension,
  runsExtension,
];
