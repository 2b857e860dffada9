// All extensions of the command line and the service.
import { davExtension } from "../gateways/dav/extension.ts";
import { hubExtension } from "../gateways/hub/extension.ts";
import { mlflowExtension } from "../gateways/mlflow/extension.ts";
import { s3Extension } from "../gateways/s3/extension.ts";
import { mirrorsExtension } from "../mirrors/extension.ts";
import { importExtension } from "../neighbors/import/extension.ts";
import { mindtraceExtension } from "../neighbors/mindtrace/extension.ts";
import { pipelinesExtension } from "../operators/surface/extension.ts";
import { pluginsExtension } from "../plugins/surface/extension.ts";
import { processesExtension } from "../processes/extension.ts";
import { jobsExtension } from "../queues/surface/extension.ts";
import { signaturesExtension } from "../signatures/extension.ts";
import { signInExtension } from "../sign_in/extension.ts";
import { verificationExtension } from "../verification/extension.ts";
import type { Extension } from "./cli/program/extension.ts";
import { mcpExtension } from "./mcp/extension.ts";

export const EXTENSIONS: readonly Extension[] = [
  jobsExtension,
  hubExtension,
  mlflowExtension,
  davExtension,
  s3Extension,
  mcpExtension,
  mirrorsExtension,
  verificationExtension,
  mindtraceExtension,
  importExtension,
  signInExtension,
  signaturesExtension,
  processesExtension,
  pipelinesExtension,
  pluginsExtension,
];
