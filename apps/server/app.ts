/**
 * All routes, and what is around them.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { isRegistryError, realSystem } from "../../mod.ts";
import type { Registry } from "../../mod.ts";
import type { ServerContext } from "./context.ts";
import { createDocument, describe } from "./describe.ts";
import { answerHot, createHotFiles } from "./files/hot_files.ts";
import { createOpened } from "./files/opened.ts";
import { createGuard } from "./guard/guard.ts";
import { createMetrics } from "./observe/metrics.ts";
import type { Handler, HandlerInfo, HandlerOptions } from "./options.ts";
import { checkPath, pathOf } from "./paths.ts";
import { isOfRouter, problem, problemOf } from "./problem.ts";
import { readDotNames } from "./dot_names.ts";
import { createRoutes } from "./routing.ts";
import type { Routes } from "./routing.ts";
import { aliasesRoutes } from "./routes/aliases.ts";
import { filesRoutes } from "./routes/files.ts";
import { lineageRoutes } from "./routes/lineage.ts";
import { namesRoutes } from "./routes/names.ts";
import { batchRoutes } from "./routes/batch.ts";
import { draftsRoutes } from "./routes/drafts.ts";
import { presignedRoutes } from "./routes/presigned.ts";
import { savesRoutes } from "./routes/saves.ts";
import { jobsRoutes } from "./routes/jobs.ts";
import { uploadRoutes } from "./routes/upload.ts";
import { createLazyUploads, uploadsRoutes } from "./routes/uploads.ts";
import { registryRoutes } from "./routes/registry.ts";
import { runsRoutes } from "./routes/runs.ts";
import { versionsRoutes } from "./routes/versions.ts";
import { watchRoutes } from "./routes/watch.ts";
import { MOST_LIMIT } from "./schemas/listing.ts";
import { observationRoutes } from "./routes/observation.ts";

/** The routes of each subject. */
const SUBJECTS: readonly ((context: ServerContext) => Routes)[] = [
  registryRoutes,
  namesRoutes,
  savesRoutes,
  draftsRoutes,
  uploadsRoutes,
  uploadRoutes,
  presignedRoutes,
  batchRoutes,
  jobsRoutes,
  versionsRoutes,
  filesRoutes,
  aliasesRoutes,
  watchRoutes,
  lineageRoutes,
  runsRoutes,
  observationRoutes,
];

const HOT_ROUTE = "/artifacts/:name/versions/:version/files/:path{.+}";
const DEFAULT_HOT_BYTES = 64 * 1024 * 1024;

/** Creates the handler. */
export function createApp(registry: Registry, options: HandlerOptions): Handler & Pick<Routes, "routes"> {
  const { system = realSystem, logger = SILENT, maxHotBytes = DEFAULT_HOT_BYTES } = options;
  const closing = new AbortController();
  const uploads = createLazyUploads({ registry });
  const hot = createHotFiles({ system, maxBytes: maxHotBytes });
  const metrics = createMetrics();
  const context: ServerContext = {
    registry,
    options,
    system,
    logger,
    metrics,
    closing: closing.signal,
    openVersion: createOpened(registry),
    hot,
    uploads,
    features: new Set(["reads"]),
    limits: { page: MOST_LIMIT },
  };
  const underWay = new Set<Promise<Response>>();

  const app = createRoutes();
  app.use(readDotNames);
  for (const routes of SUBJECTS) app.route("/", routes(context));
  let document: Promise<Record<string, unknown>> | undefined;
  app.get(
    "/openapi.json",
    describe({
      id: "getDocument",
      tag: "service",
      summary: "This document",
      scope: "open",
      answers: {
        200: {
          description: "The OpenAPI document of all routes",
          content: { "application/json": { schema: { type: "object" } } },
        },
      },
    }),
    async (c) => c.json(await (document ??= createDocument(app, manifest.version))),
  );
  const refuse = (thrown: unknown): Response => {
    if (isRegistryError(thrown)) {
      if (FAULTS.has(thrown.code)) metrics.fault(thrown.code);
    } else if (!isOfRouter(thrown)) logger.error("Cannot answer:", thrown);
    return problemOf(thrown);
  };
  const guard = createGuard(options, { system, logger, metrics, refuse });
  app.onError(refuse);
  app.notFound((c) => {
    const detail = `Cannot find ${JSON.stringify(c.req.path)}: there is no such route`;
    return problem(404, { code: "NotFound", detail, hint: "GET /openapi.json lists all routes." });
  });

  const handler = (request: Request, info: HandlerInfo = {}): Promise<Response> => {
    const answered = guard(request, info, async (admitted, known) => {
      const path = pathOf(admitted.url);
      const file = hot.find(path);
      const ready = file && known.access.may("read", file.name) ? answerHot(admitted, file) : undefined;
      if (ready !== undefined) {
        known.route = HOT_ROUTE;
        return ready;
      }
      checkPath(path);
      return await app.fetch(admitted, known);
    });
    underWay.add(answered);
    void answered.finally(() => underWay.delete(answered));
    return answered;
  };
  const close = async () => {
    closing.abort();
    await Promise.all(underWay);
  };
  return Object.assign(handler, { close, routes: app.routes, [Symbol.asyncDispose]: close });
}

/** What went wrong because of the store. */
const FAULTS: ReadonlySet<string> = new Set(["Unavailable", "Unknown", "Corrupt"]);

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
