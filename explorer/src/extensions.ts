// All extensions of the page.
import type { PageExtension } from "./extension.ts";
import { jobsExtension } from "./extensions/jobs/extension.ts";
import { mlflowExtension } from "./extensions/mlflow/extension.ts";
import { modelsExtension } from "./extensions/models/extension.ts";
import { omeExtension } from "./extensions/ome/extension.ts";
import { pipelinesExtension } from "./extensions/pipelines/extension.ts";
import { promotionsExtension } from "./extensions/promotions/extension.ts";
import { runsExtension } from "./extensions/runs/extension.ts";
import { savedViewsExtension } from "./extensions/saved_views/extension.ts";
import { signaturesExtension } from "./extensions/signatures/extension.ts";
import { signInExtension } from "./extensions/sign_in/extension.ts";

export const EXTENSIONS: readonly PageExtension[] = [
  omeExtension,
  modelsExtension,
  pipelinesExtension,
  runsExtension,
  jobsExtension,
  promotionsExtension,
  savedViewsExtension,
  signaturesExtension,
  signInExtension,
  mlflowExtension,
];
