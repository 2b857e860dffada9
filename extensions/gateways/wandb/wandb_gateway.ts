// Runs and artifacts for clients of W&B, which set `WANDB_BASE_URL`.
import type { Gateway, GatewayContext, Routes } from "../../../apps/gateways.ts";
import { artifactFiles } from "./artifacts/files.ts";
import { artifactOperations } from "./artifacts/operations.ts";
import { ArtifactStore } from "./artifacts/store.ts";
import { consoleQueries } from "./console.ts";
import { answered } from "./errors.ts";
import { fileRoutes } from "./file_routes.ts";
import { keyAsToken, Links, pageLinks } from "./links.ts";
import { GRAPHQL, wandbGraphql } from "./operations.ts";
import { runOperations } from "./run_operations.ts";
import { runQueries } from "./run_queries.ts";
import { WandbRuns } from "./run_store.ts";

/**
 * Creates the gateways for clients of W&B: a project is a name, and a run that has ended is a version
 * of it.
 */
export function createWandbGateways(): Gateway[] {
  const links = new Links();
  const wandb: Gateway = {
    name: "wandb",
    paths: ["/files", "/wandb"],
    addRoutes(routes: Routes, context: GatewayContext) {
      links.open(context.memory);
      const runs = new WandbRuns(context), store = new ArtifactStore(context);
      runOperations(routes, runs);
      runQueries(routes, runs, links);
      consoleQueries(routes, runs);
      fileRoutes(routes, runs);
      pageLinks(routes);
      artifactOperations(routes, runs, store);
      artifactFiles(routes, store, links);
    },
    streams: ({ method, url }) => method === "PUT" && new URL(url).pathname.startsWith("/wandb/"),
    sendsFiles: (path) => path.endsWith("/file_stream") || path.startsWith(`${GRAPHQL}/`),
    authorization: (request, { nowMs }) => links.authorization(request, nowMs),
    memory: [Links.Key],
    answered: (answer, _, { url }) => answered(answer, new URL(url).pathname.startsWith(GRAPHQL)),
  };
  return [wandb, { ...wandbGraphql, authorization: keyAsToken }];
}
