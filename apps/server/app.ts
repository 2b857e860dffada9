// The application: all routes and the code around them.
import manifest from "../../deno.json" with { type: "json" };
import { isRegistryError, realSystem, type Registry } from "../../mod.ts";
import { openUploads, type ResumableUploads } from "../../registry/uploads.ts";
import { silentLogger } from "../../core/system.ts";
import { Answer, answerings } from "./answer.ts";
import type { Access } from "./access/access.ts";
import {
  checkHandlerOptions,
  type Handler,
  type HandlerInfo,
  type HandlerOptions,
} from "./options.ts";
import { checkPath, createRoutes, pathOf, type Routes, type ServerContext } from "./routing.ts";
import { createDocument, route } from "./describe.ts";
import { createOpened } from "./files/opened.ts";
import { createWindows } from "./streams.ts";
import { createGuard } from "./guard/guard.ts";
import { hubRoutes } from "./hf/routes.ts";
import { Metrics } from "./observe/metrics.ts";
import { isOfRouter, problem, problemOf } from "./problem.ts";
import { annotationsRoutes } from "./routes/annotations.ts";
import { aliasChangesRoutes, aliasesRoutes } from "./routes/aliases.ts";
import { chunksRoutes, filesRoutes } from "./routes/files.ts";
import * as reading from "./routes/reading.ts";
import { savesRoutes } from "./routes/saves.ts";
import { draftsRoutes } from "./routes/drafts.ts";
import * as uploading from "./routes/uploads.ts";
import { jobsRoutes, runsRoutes, runStepsRoutes } from "./routes/jobs.ts";
import { explorerRoutes } from "./routes/explorer.ts";
import { pageRoutes } from "./routes/page.ts";
import { observationRoutes } from "./routes/observation.ts";
import { rulesRoutes } from "./routes/rules.ts";
import { spaceRoutes } from "./routes/space.ts";
import { releasesRoutes } from "./routes/releases.ts";
import { searchRoutes } from "./routes/search.ts";

const ALL_ROUTES: readonly ((routes: Routes, context: ServerContext) => void)[] = [
  reading.registryRoutes,
  reading.namesRoutes,
  savesRoutes,
  aliasChangesRoutes,
  draftsRoutes,
  uploading.contentsRoutes,
  uploading.tusRoutes,
  uploading.uploadRoutes,
  uploading.presignedRoutes,
  jobsRoutes,
  reading.versionsRoutes,
  releasesRoutes,
  chunksRoutes,
  annotationsRoutes,
  filesRoutes,
  aliasesRoutes,
  reading.logRoutes,
  reading.watchRoutes,
  reading.lineageRoutes,
  runsRoutes,
  runStepsRoutes,
  spaceRoutes,
  rulesRoutes,
  searchRoutes,
  observationRoutes,
  pageRoutes,
  explorerRoutes,
];

export function createApp(
  registry: Registry,
  options: HandlerOptions,
): Handler & Pick<Routes, "routes"> {
  checkHandlerOptions(registry, options);
  const { system = realSystem, logger = silentLogger } = options;
  const closing = new AbortController();
  let uploads: Promise<ResumableUploads> | undefined;
  const metrics = new Metrics();
  const kind = registry.backend?.kind;
  const context: ServerContext = {
    registry,
    options,
    system,
    logger,
    metrics,
    closing: closing.signal,
    openVersion: createOpened(registry),
    uploads: () => uploads ??= openUploads(registry),
    windows: createWindows({ near: kind === "local" || kind === "memory" }),
  };

  const app = createRoutes();
  for (const addRoutes of ALL_ROUTES) addRoutes(app, context);
  if (options.hf) hubRoutes(app, context);
  documentRoute(app, options.tokens !== undefined);
  const refuse = (thrown: unknown, access?: Access): Answer => {
    if (isRegistryError(thrown)) {
      if (STORE_FAULTS.has(thrown.code)) metrics.fault(thrown.code);
    } else if (!isOfRouter(thrown) && !isHungUp(thrown)) logger.error("Cannot answer:", thrown);
    return problemOf(thrown, access);
  };
  const guard = createGuard(options, { system, logger, metrics, refuse });
  app.onError((thrown, c) => passed(refuse(thrown, c.env.access)));
  app.notFound(({ req }) => passed(noSuchRoute(app, req)));

  const running = new Set<Promise<Answer>>();
  const answering = (request: Request, info: HandlerInfo): Promise<Answer> => {
    const answered = guard(request, info, async (admitted, known) => {
      checkPath(pathOf(admitted.url));
      const found: Response | Answer = await app.fetch(overridden(admitted), known);
      return found instanceof Answer ? found : Answer.from(found); // the router answers HEAD
    });
    running.add(answered);
    void answered.finally(() => running.delete(answered));
    return answered;
  };
  const handler = async (request: Request, info: HandlerInfo = {}): Promise<Response> =>
    (await answering(request, info)).toResponse();
  const close = async () => {
    closing.abort();
    await Promise.all(running);
  };
  const made = Object.assign(handler, { close, routes: app.routes, [Symbol.asyncDispose]: close });
  answerings.set(made, answering);
  return made;
}

function documentRoute(app: Routes, hasTokens: boolean): void {
  let document: Promise<Record<string, unknown>> | undefined;
  const content = { "application/json": { schema: { type: "object" } } };
  route(app, "GET /openapi.json", {
    id: "getDocument",
    tag: "service",
    summary: "This document",
    scope: "open",
    answers: { 200: { description: "The OpenAPI document of all routes", content } },
    answer: async ({ c }) =>
      c.json(await (document ??= createDocument(app, { version: manifest.version, hasTokens }))),
  });
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Returns the methods of a path. Routes without parameters win over those with parameters. */
function methodsAt(app: Routes, path: string): string[] {
  const found = METHODS.flatMap((method) =>
    app.router.match(method, path)[0].map(([[, route]]) => route).filter((route) =>
      route.method !== "ALL"
    )
  );
  const exact = found.filter((route) => !route.path.includes(":"));
  return [...new Set((exact.length > 0 ? exact : found).map(({ method }) => method))];
}

/** Gives a POST of a tus client the method of its header: some proxies pass no PATCH. */
function overridden(request: Request): Request {
  const { url, headers, signal, body } = request;
  const method = headers.get("x-http-method-override")?.toUpperCase() ?? "";
  const isMeant = request.method === "POST" && headers.has("tus-resumable") &&
    pathOf(url).startsWith("/uploads/") && ["PATCH", "HEAD", "DELETE"].includes(method);
  if (!isMeant) return request;
  const sent = method === "PATCH" ? { body, duplex: "half" } : {};
  return new Request(url, { method, headers, signal, ...sent } as RequestInit);
}

function noSuchRoute(app: Routes, { path, method }: { path: string; method: string }): Answer {
  const allowed = methodsAt(app, path);
  if (allowed.length === 0) {
    const detail = `Cannot find ${JSON.stringify(path)}: no such route`;
    // The most likely cause is a name with an unencoded slash.
    const name = path.startsWith("/artifacts/") ? " In a name, write `/` as @@." : "";
    const hint = `List all routes: GET /openapi.json.${name}`;
    const library = "Check the URL of the registry.";
    const hints = { library, cli: "Check the URL of the registry: holdfast doctor" };
    return problem(404, { code: "Unsupported", detail, hint, hints });
  }
  const allow = allowed.flatMap((each) => each === "GET" ? ["GET", "HEAD"] : [each]).join(", ");
  const detail = `Cannot ${method} this path: method not allowed`;
  return problem(405, { code: "Invalid", detail, hint: `Use one of: ${allow}.` }, { allow });
}

function passed(answer: Answer): Response {
  return answer as unknown as Response;
}

/** Returns true if the connection ended before its request had arrived. */
function isHungUp(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return true; // the text or nothing that an adapter cuts it with
  const { name, code } = thrown as Error & { code?: string };
  return name === "AbortError" || code === "ECONNRESET";
}

const STORE_FAULTS: ReadonlySet<string> = new Set(["Unavailable", "Unknown", "Corrupt"]);
