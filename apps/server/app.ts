// The application: all routes and the code around them.
//
//   const handler = createApp(registry, { tokens: await openTokenFile("tokens.json") });
//   const response = await handler(new Request("http://127.0.0.1:8600/names"));
//
// A request passes `guard/guard.ts` (host, token, rate, limits of the body), then the route that
// the table in `routing.ts` has for its path. A file of `routes/` adds its routes by `route` of
// `describe.ts`, which checks scope, name, query and body before the route's own code.
//
// Routes throw. `refuse` makes answers of errors: `RegistryError`s by their code (`problem.ts`),
// and all others as 500 without their message, which only the log has. `close` ends event streams
// and waits for answers that have begun; it keeps the registry open.
import { VERSION } from "../holdfast_version.ts";
import { isRegistryError, type Logger, realSystem, type Registry } from "../../mod.ts";
import type { RegistryError } from "../../mod.ts";
import { openUploads, type ResumableUploads } from "../../extensions/transfers/mod.ts";
import { placeOf } from "../../core/driver.ts";
import { silentLogger } from "../../core/system.ts";
import { type Answer, answerings } from "./answer.ts";
import type { Access } from "./access/access.ts";
import { sentBy } from "./access/sender.ts";
import { withoutUnread } from "./access/unread.ts";
import { checkHandlerOptions } from "./options.ts";
import type { Handler, HandlerInfo, HandlerOptions } from "./options.ts";
import type { OpenGateway, RequestInfo, RouteEntry, Routes } from "./gateways/gateway.ts";
import { OWN_GATEWAYS } from "./gateways/own_gateways.ts";
import { openGateways } from "./gateways/open_gateways.ts";
import { checkPath, Router, type ServerContext } from "./routing.ts";
import { pathOf } from "./gateways/sent_path.ts";
import { route } from "./describe.ts";
import { createDocument } from "./document.ts";
import type { ProcessParts } from "./memory/process_parts.ts";
import { createServiceMemory } from "./memory/service_memory.ts";
import { withAdded } from "./files/added_files.ts";
import { createOpened } from "./files/opened.ts";
import { createRedirects } from "./files/redirect.ts";
import { createWindows } from "./streams.ts";
import { bodyMemoryOfProcess, createMemoryShare } from "./guard/body_memory.ts";
import { Audit } from "./observe/audit.ts";
import { createGuard } from "./guard/guard.ts";
import { createPlaces } from "./guard/places.ts";
import { Metrics } from "./observe/metrics.ts";
import type { ProcessCounts } from "./observe/process_counts.ts";
import { problem, problemOf, RefusedRequest } from "./problem.ts";
import { logRoutes, registryLogRoutes } from "./routes/log.ts";
import { operationRoutes } from "./operation_route.ts";
import { annotationsRoutes } from "./routes/annotations.ts";
import { aliasChangesRoutes, aliasesRoutes } from "./routes/aliases.ts";
import { archiveRoutes, chunksRoutes, filesRoutes } from "./routes/files.ts";
import * as reading from "./routes/reading.ts";
import { deletesRoutes, savesRoutes } from "./routes/saves.ts";
import { draftsRoutes } from "./routes/drafts.ts";
import { tus } from "./uploads/tus_gateway.ts";
import * as uploading from "./routes/uploads.ts";
import { explorerRoutes } from "./routes/explorer.ts";
import { pageRoutes } from "./routes/page.ts";
import { observationRoutes } from "./routes/observation.ts";
import { releasesRoutes } from "./routes/releases.ts";
import { signInRoutes } from "./routes/sign_in.ts";
import { searchRoutes } from "./routes/search.ts";
import { SearchIndexReader } from "./search/search_index.ts";

const ALL_ROUTES: readonly ((routes: Routes, context: ServerContext) => void)[] = [
  reading.registryRoutes,
  reading.namesRoutes,
  savesRoutes,
  deletesRoutes,
  aliasChangesRoutes,
  draftsRoutes,
  uploading.contentsRoutes,
  uploading.tusRoutes,
  uploading.uploadRoutes,
  uploading.presignRoutes,
  reading.versionsRoutes,
  releasesRoutes,
  chunksRoutes,
  archiveRoutes,
  annotationsRoutes,
  filesRoutes,
  aliasesRoutes,
  logRoutes,
  registryLogRoutes,
  reading.watchRoutes,
  reading.lineageRoutes,
  searchRoutes,
  observationRoutes,
  pageRoutes,
  explorerRoutes,
  signInRoutes,
  operationRoutes,
];

interface App extends Handler {
  readonly routes: readonly RouteEntry[];
  /** Returns the counts of this process. */
  counts(): ProcessCounts;
}

/** Returns how far away the store is; behind another service it is far. */
function placeOfStore({ service, backend }: Registry): ReturnType<typeof placeOf> {
  return service === undefined && backend !== undefined ? placeOf(backend) : "far";
}

/** @param parts those of one of several processes. @default the service has one process */
export function createApp(
  registry: Registry,
  options: HandlerOptions,
  parts?: ProcessParts,
): App {
  checkHandlerOptions(registry, options);
  const { system = realSystem, logger = silentLogger } = options;
  const closing = new AbortController();
  const memory = parts?.memory ?? createServiceMemory(system, options.audit);
  let uploads: Promise<ResumableUploads> | undefined;
  const metrics = new Metrics(system);
  const report = createReport(metrics, logger);
  const given = [tus, ...OWN_GATEWAYS, ...options.gateways ?? []];
  const context: ServerContext = {
    registry,
    options,
    gateways: (options.gateways ?? []).filter((each) => each.addRoutes).map(({ name }) => name),
    checkDiscards: given.flatMap(({ checkDiscard }) => checkDiscard ?? []),
    system,
    logger,
    metrics,
    allCounts: parts?.allCounts,
    closing: closing.signal,
    ...createOpened(registry, system),
    redirectTo: options.redirect ? createRedirects(registry, system) : undefined,
    uploads: () => uploads ??= openUploads(registry),
    memory,
    windows: createWindows(placeOfStore(registry), report, parts?.processes),
    ...createPlaces(placeOfStore(registry), system),
    dispatch: (request, info) => dispatch(request, info),
    searchIndex: new SearchIndexReader(registry, {
      system,
      logger,
      closing: closing.signal,
      writes: memory.writes,
      folder: options.searchFolder,
    }),
  };

  const routes = new Router();
  for (const addRoutes of ALL_ROUTES) addRoutes(routes, context);
  const added = given.flatMap(({ adds }) => adds ?? []);
  const openAdded = withAdded(context.openPages, registry, added);
  const gateways = openGateways(given, {
    routes,
    createTable: () => new Router(),
    context,
    openAdded,
  });
  const tables = new Set([routes, ...gateways.all.flatMap((each) => each.tables)]);
  const all = () => [...tables].flatMap((table) => table.all);
  documentRoute(routes, { all, hasTokens: options.tokens !== undefined });
  const hints = given.flatMap(({ hints }) => hints === undefined ? [] : [hints]);
  const refuse = (thrown: unknown, access?: Access): Answer => {
    report(thrown);
    return problemOf(thrown, access, hints);
  };
  const bodies = parts === undefined ? bodyMemoryOfProcess() : createMemoryShare(parts.processes);
  const hasRoute = ({ method, url }: Request, gateway?: OpenGateway) =>
    (gateway?.tables ?? [routes]).some((table) => table.has(method, pathOf(url)));
  const ofGuard = {
    system,
    logger,
    metrics,
    bodies,
    memory,
    refuse,
    gatewayOf: gateways.of,
    hasRoute,
  };
  const guard = createGuard(options, ofGuard);
  const audit = options.audit && new Audit(memory.trail, { system, logger });
  const dispatch = createDispatch(context, { routes, refuse, audit });

  const running = new Set<Promise<Answer>>();
  const answering = (request: Request, info: HandlerInfo): Promise<Answer> =>
    keptIn(running, guard(request, info, dispatch));
  const handler = async (request: Request, info: HandlerInfo = {}): Promise<Response> =>
    (await answering(request, info)).toResponse();
  const close = async () => {
    closing.abort();
    await Promise.all(running);
    await context.searchIndex.close();
    await options.tokens?.settle?.();
  };
  const known = { routes: all(), counts: () => metrics.counts(), [Symbol.asyncDispose]: close };
  const app = Object.assign(handler, { close, ...known });
  answerings.set(app, answering);
  return app;
}

/** Returns a function that reports failures which clients may miss: mid-response, or shown as EIO. */
function createReport(metrics: Metrics, logger: Logger): (thrown: unknown) => void {
  return (thrown) => {
    if (!isRegistryError(thrown)) {
      if (!isHungUp(thrown)) logger.error("Cannot answer:", thrown);
    } else if (isOfStore(thrown)) {
      metrics.fault(thrown.code);
      logger.warn(thrown.message);
    }
  };
}

/** Keeps a promise in a set until it has ended. */
function keptIn<T>(running: Set<Promise<T>>, one: Promise<T>): Promise<T> {
  running.add(one);
  void one.finally(() => running.delete(one));
  return one;
}

type Dispatch = (request: Request, info: RequestInfo) => Promise<Answer>;

/** Returns a function that answers admitted requests, by the tables of their gateway or by routes. */
function createDispatch(
  { lists, memory, options }: ServerContext,
  { routes, refuse, audit }: {
    routes: Routes;
    refuse(thrown: unknown, access?: Access): Answer;
    audit?: Audit;
  },
): Dispatch {
  return async (request, info) => {
    info.lists = lists;
    checkPath(pathOf(request.url));
    const failed = (thrown: unknown) => refuse(withoutUnread(thrown, info), info.access);
    const tables = info.gateway?.tables ?? [routes];
    const answered = async () => {
      for (const table of tables) {
        const answer = await table.answer(request, info);
        if (answer !== undefined) return answer;
      }
      return noSuchRoute(request, tables, options);
    };
    const sent = () => sentBy(info.access.author, answered);
    const answer = audit === undefined
      ? await sent().catch(failed)
      : await audit.around(request, info, { answer: sent, failed });
    // Also after a failure: a write that failed may have happened.
    if (info.writes !== undefined && !info.dryRun) {
      await memory.writes.note(info.writes);
      if (info.scope === "delete") await memory.deletes.note(info.writes);
    }
    return answer;
  };
}

function documentRoute(
  routes: Routes,
  { all, hasTokens }: { all: () => readonly RouteEntry[]; hasTokens: boolean },
): void {
  let document: Record<string, unknown> | undefined;
  const content = { "application/json": { schema: { type: "object" } } };
  route(routes, "GET /openapi.json", {
    id: "getDocument",
    tag: "service",
    summary: "This document",
    scope: "open",
    answers: { 200: { description: "The OpenAPI document of all routes", content } },
    answer: ({ c }) => c.json(document ??= createDocument(all(), { version: VERSION, hasTokens })),
  });
}

function noSuchRoute(
  { url, method }: Request,
  tables: readonly Routes[],
  { absent = {} }: HandlerOptions,
): Answer {
  const path = pathOf(url);
  const allowed = tables.flatMap((routes) => routes.methodsAt(path));
  if (allowed.length === 0) {
    const detail = `Cannot find ${JSON.stringify(path)}: no such route`;
    const folder = folderOf(path);
    const isAbsent = Object.hasOwn(absent, folder) &&
      !tables.some((each) => hasRoutes(each, folder));
    if (isAbsent) return problem(404, { code: "Unsupported", detail, hint: absent[folder] });
    // The most likely cause is a name with an unencoded slash.
    const name = path.startsWith("/artifacts/") ? " In a name, write `/` as @@." : "";
    const hint = `List all routes: GET /openapi.json.${name}`;
    const hints = { library: "Check the URL of the registry." };
    const reason = { kind: "route_missing" } as const;
    return problem(404, { code: "Unsupported", detail, hint, hints, reason });
  }
  const allow = allowed.flatMap((each) => each === "GET" ? ["GET", "HEAD"] : [each]).join(", ");
  const detail = `Cannot ${method} this path: method not allowed`;
  const hint = allowed.includes("PROPFIND")
    ? "Versions never change: save a new one."
    : `Use one of: ${allow}.`;
  return problem(405, { code: "Invalid", detail, hint }, { allow });
}

/** Returns the first folder of a path: `jobs` of `/jobs/7`. */
function folderOf(path: string): string {
  return path.split("/", 2)[1] ?? "";
}

function hasRoutes({ all }: Routes, folder: string): boolean {
  return all.some(({ path }) => folderOf(path) === folder);
}

/** Returns true if the connection ended before its request had arrived. */
function isHungUp(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return true; // the text or nothing that an adapter cuts it with
  const { name, code } = thrown as Error & { code?: string };
  return name === "AbortError" || code === "ECONNRESET";
}

const STORE_FAULTS: ReadonlySet<string> = new Set(["Unavailable", "Unknown", "Corrupt"]);

/** Returns true for failures of the store, also those that its operator can end: keys, accounts. */
function isOfStore(error: RegistryError): boolean {
  if (error instanceof RefusedRequest) return false;
  return STORE_FAULTS.has(error.code) || error.code === "Denied" && error.place !== undefined;
}
