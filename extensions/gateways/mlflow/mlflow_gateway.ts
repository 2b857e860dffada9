/**
 * Runs, artifacts and models for clients of MLflow, which set `MLFLOW_TRACKING_URI`: a gateway of
 * `createHandler`.
 *
 * @module
 */
import type { Gateway, GatewayContext, Routes } from "../../../apps/gateways.ts";
import { passwordAsToken } from "../../../apps/server/extending.ts";
import { RunChanges } from "./change_run.ts";
import { answered } from "./answers.ts";
import { ExperimentStore } from "./experiments.ts";
import { NameTagStore } from "./name_tags.ts";
import { RunStore } from "./run_store.ts";
import { artifactRoutes, sendsArtifact } from "./routes/artifacts.ts";
import { experimentRoutes } from "./routes/experiments.ts";
import { loggedModelRoutes } from "./routes/logged_models.ts";
import { metricRoutes } from "./routes/metrics.ts";
import { modelRoutes } from "./routes/registered_models.ts";
import { runRoutes } from "./routes/runs.ts";
import { searchRoutes } from "./routes/search.ts";

/** Options of {@linkcode createMlflowGateway}. */
export interface MlflowOptions {
  /** The prefix of the names of registered models. @default "models:" */
  models?: string;
}

const PATHS = ["2.0", "3.0"].flatMap((api) =>
  ["mlflow", "mlflow-artifacts"].map((part) => `/api/${api}/${part}`)
);

/**
 * Creates a gateway for clients of MLflow. An experiment is a name, and a run that has ended is a
 * version of it.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { createMlflowGateway } from "@holdfast/holdfast/gateways/mlflow";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [createMlflowGateway()] });
 * ```
 */
export function createMlflowGateway({ models = "models:" }: MlflowOptions = {}): Gateway {
  return {
    name: "mlflow",
    paths: PATHS,
    addRoutes(routes: Routes, context: GatewayContext) {
      const runs = new RunStore(context);
      const tags = new NameTagStore(context);
      const experiments = new ExperimentStore(context.registry, tags);
      const changes = new RunChanges(runs, context.system);
      const own = { ...context, runs, experiments, tags, changes, models };
      experimentRoutes(routes, own);
      runRoutes(routes, own);
      metricRoutes(routes, own);
      artifactRoutes(routes, own);
      loggedModelRoutes(routes, own);
      searchRoutes(routes, own);
      modelRoutes(routes, own);
    },
    streams: sendsArtifact,
    authorization: passwordAsToken,
    answered: (answer, info, { url }) => answered(answer, info, new URL(url).pathname),
  };
}
