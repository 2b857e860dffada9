/**
 * All routes, and what is around them.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { isRegistryError, realSystem } from "../../mod.ts";
import type { Registry } from "../../mod.ts";
import { everything } from "./access/access.ts";
import { authenticate } from "./access/authenticate.ts";
import type { ServerContext } from "./context.ts";
import { createDocument, describe } from "./describe.ts";
import { answerHot, createHotFiles } from "./files/hot_files.ts";
import { createOpened } from "./files/opened.ts";
import type { Handler, HandlerInfo, HandlerOptions } from "./options.ts";
import { checkPath, pathOf } from "./paths.ts";
import { isOfRouter, problem, problemOf } from "./problem.ts";
import { createRoutes } from "./routing.ts";
import type { Routes } from "./routing.ts";
import { aliasesRoutes } from "./routes/aliases.ts";
import { filesRoutes } from "./routes/files.ts";
import { lineageRoutes } from "./routes/lineage.ts";
import { namesRoutes } from "./routes/names.ts";
import { draftsRoutes } from "./routes/drafts.ts";
import { savesRoutes } from "./routes/saves.ts";
import { createLazyUploads, uploadsRoutes } from "./routes/uploads.ts";
import { registryRoutes } from "./routes/registry.ts";
import { runsRoutes } from "./routes/runs.ts";
import { versionsRoutes } from "./routes/versions.ts";
import { watchRoutes } from "./routes/watch.ts";
import { MOST_LIMIT } from "./schemas/listing.ts";

/** The routes of each subject. */
const SUBJECTS: readonly ((context: ServerContext) => Routes)[] = [
  registryRoutes,
  namesRoutes,
  savesRoutes,
  draftsRoutes,
  uploadsRoutes,
  versionsRoutes,
  filesRoutes,
  aliasesRoutes,
  watchRoutes,
  lineageRoutes,
  runsRoutes,
];

const DEFAULT_HOT_BYTES = 64 * 1024 * 1024;

/** Creates the handler. */
export function createApp(registry: Registry, options: HandlerOptions): Handler & Pick<Routes, "routes"> {
  const { system = realSystem, logger = SILENT, maxHotBytes = DEFAULT_HOT_BYTES } = options;
  const closing = new AbortController();
  const uploads = createLazyUploads({ registry });
  const hot = createHotFiles({ system, maxBytes: maxHotBytes });
  const context: ServerContext = {
    registry,
    options,
    system,
    logger,
    closing: closing.signal,
    openVersion: createOpened(registry),
    hot,
    uploads,
    features: new Set(["reads"]),
    limits: { page: MOST_LIMIT },
  };
  const underWay = new Set<Promise<Response>>();

  const app = createRoutes();
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
  app.onError((error) => {
    if (!isRegistryError(error) && !isOfRouter(error)) logger.error("Cannot answer:", error);
    return problemOf(error);
  });
  app.notFound((c) => {
    const detail = `Cannot find ${JSON.stringify(c.req.path)}: there is no such route`;
    return problem(404, { code: "NotFound", detail, hint: "GET /openapi.json lists all routes." });
  });

  async function answer(request: Request, info: HandlerInfo): Promise<Response> {
    try {
      const path = pathOf(request.url);
      const access = options.tokens === undefined ? everything : await authenticate(request, options.tokens);
      const file = hot.find(path);
      const known = file && access.may("read", file.name) ? answerHot(request, file) : undefined;
      if (known !== undefined) return known;
      checkPath(path);
      return await app.fetch(request, { ...info, access });
    } catch (error) {
      return problemOf(error);
    }
  }

  const handler = (request: Request, info: HandlerInfo = {}): Promise<Response> => {
    const answered = answer(request, info);
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

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
