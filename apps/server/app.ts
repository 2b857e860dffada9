// All routes, and what is around them.
import manifest from "../../deno.json" with { type: "json" };
import { isRegistryError, realSystem, type Registry } from "../../mod.ts";
import { openUploads } from "../../registry/uploads.ts";
import type { Access } from "./access/access.ts";
import {
  checkHandlerOptions,
  type Handler,
  type HandlerInfo,
  type HandlerOptions,
} from "./options.ts";
import {
  checkPath,
  createRoutes,
  pathOf,
  readDotNames,
  type Routes,
  type ServerContext,
} from "./routing.ts";
import { createDocument, route } from "./describe.ts";
import { createOpened } from "./files/opened.ts";
import { createGuard } from "./guard/guard.ts";
import { Metrics } from "./observe/metrics.ts";
import { isOfRouter, problem, problemOf } from "./problem.ts";
import { aliasChangesRoutes, aliasesRoutes } from "./routes/aliases.ts";
import { filesRoutes } from "./routes/files.ts";
import {
  lineageRoutes,
  logRoutes,
  namesRoutes,
  registryRoutes,
  versionsRoutes,
  watchRoutes,
} from "./routes/reading.ts";
import { batchRoutes, savesRoutes } from "./routes/saves.ts";
import { draftsRoutes } from "./routes/drafts.ts";
import { contentsRoutes, presignedRoutes, tusRoutes, uploadRoutes } from "./routes/uploads.ts";
import { jobsRoutes, runsRoutes } from "./routes/jobs.ts";
import { observationRoutes } from "./routes/observation.ts";
import { searchRoutes } from "./routes/search.ts";

const SUBJECTS: readonly ((routes: Routes, context: ServerContext) => void)[] = [
  registryRoutes,
  namesRoutes,
  savesRoutes,
  aliasChangesRoutes,
  draftsRoutes,
  contentsRoutes,
  tusRoutes,
  uploadRoutes,
  presignedRoutes,
  batchRoutes,
  jobsRoutes,
  versionsRoutes,
  filesRoutes,
  aliasesRoutes,
  logRoutes,
  watchRoutes,
  lineageRoutes,
  runsRoutes,
  searchRoutes,
  observationRoutes,
];

export function createApp(
  registry: Registry,
  options: HandlerOptions,
): Handler & Pick<Routes, "routes"> {
  checkHandlerOptions(registry, options);
  const { system = realSystem, logger = SILENT } = options;
  const closing = new AbortController();
  let uploads: ReturnType<typeof openUploads> | undefined;
  const metrics = new Metrics();
  const context: ServerContext = {
    registry,
    options,
    system,
    logger,
    metrics,
    closing: closing.signal,
    openVersion: createOpened(registry),
    uploads: () => uploads ??= openUploads(registry),
  };
  const underWay = new Set<Promise<Response>>();

  const app = createRoutes();
  app.use(readDotNames);
  for (const addRoutes of SUBJECTS) addRoutes(app, context);
  let document: Promise<Record<string, unknown>> | undefined;
  route(app, "GET /openapi.json", {
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
    answer: async ({ c }) => {
      const about = { version: manifest.version, hasTokens: options.tokens !== undefined };
      return c.json(await (document ??= createDocument(app, about)));
    },
  });
  const refuse = (thrown: unknown, access?: Access): Response => {
    if (isRegistryError(thrown)) {
      if (FAULTS.has(thrown.code)) metrics.fault(thrown.code);
    } else if (!isOfRouter(thrown) && !isHungUp(thrown)) logger.error("Cannot answer:", thrown);
    return problemOf(thrown, access);
  };
  const guard = createGuard(options, {
    system,
    logger,
    metrics,
    refuse: (thrown) => refuse(thrown),
  });
  app.onError((thrown, c) => refuse(thrown, c.env.access));
  app.notFound((c) => {
    const allowed = methodsAt(app, c.req.path);
    if (allowed.length > 0) return noSuchMethod(c.req.method, allowed);
    const detail = `Cannot find ${JSON.stringify(c.req.path)}: there is no such route`;
    return problem(404, { code: "NotFound", detail, hint: hintOfRoute(c.req.path) });
  });

  const handler = (request: Request, info: HandlerInfo = {}): Promise<Response> => {
    const answered = guard(request, info, async (admitted, known) => {
      checkPath(pathOf(admitted.url));
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

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The methods of the routes at a path. Where it is written out in one, those with parameters do not mean it. */
function methodsAt(app: Routes, path: string): string[] {
  const found = METHODS.flatMap((method) =>
    app.router.match(method, path)[0].map(([[, route]]) => route).filter((route) =>
      route.method !== "ALL"
    )
  );
  const exact = found.filter((route) => !route.path.includes(":"));
  return [...new Set((exact.length > 0 ? exact : found).map(({ method }) => method))];
}

function noSuchMethod(method: string, allowed: readonly string[]): Response {
  const allow = allowed.flatMap((each) => each === "GET" ? ["GET", "HEAD"] : [each]).join(", ");
  const detail = `Cannot ${method} there: the method is not for this`;
  return problem(405, { code: "Invalid", detail, hint: `There is: ${allow}.` }, { allow });
}

/** Whether the client went away before its request had arrived: nobody's fault, and nobody hears the answer. */
function isHungUp(thrown: unknown): boolean {
  const { name, code } = (thrown ?? {}) as { name?: string; code?: string };
  return name === "AbortError" || code === "ECONNRESET";
}

/** What went wrong because of the store. */
const FAULTS: ReadonlySet<string> = new Set(["Unavailable", "Unknown", "Corrupt"]);

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** A name with a slash in it, written as it is, is what leads to no route most often. */
function hintOfRoute(path: string): string {
  const name = path.startsWith("/artifacts/")
    ? " A name is one segment of the path: a / in it is written %2F."
    : "";
  return `GET /openapi.json lists all routes.${name}`;
}
