/**
 * All routes, and what is around them.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { isRegistryError, realSystem, RegistryError } from "../../mod.ts";
import type { Registry } from "../../mod.ts";
import { authenticate } from "./access/authenticate.ts";
import type { ServerContext } from "./context.ts";
import { createDocument, describe } from "./describe.ts";
import type { Handler, HandlerInfo, HandlerOptions } from "./options.ts";
import { problem, problemOf } from "./problem.ts";
import { createRoutes } from "./routing.ts";
import type { Routes } from "./routing.ts";
import { namesRoutes } from "./routes/names.ts";
import { createLazyUploads, uploadsRoutes } from "./routes/uploads.ts";

/** The routes of each subject. */
const SUBJECTS: readonly ((context: ServerContext) => Routes)[] = [
  namesRoutes,
  uploadsRoutes,
];

/** Creates the handler. */
export function createApp(registry: Registry, options: HandlerOptions): Handler & Pick<Routes, "routes"> {
  const { system = realSystem, logger = SILENT } = options;
  const closing = new AbortController();
  const uploads = createLazyUploads({ registry });
  const context: ServerContext = { registry, options, system, logger, closing: closing.signal, uploads };
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
    if (!isRegistryError(error)) logger.error("Cannot answer:", error);
    return problemOf(error);
  });
  app.notFound((c) => {
    const detail = `Cannot find ${JSON.stringify(c.req.path)}: there is no such route`;
    return problem(404, { code: "NotFound", detail, hint: "GET /openapi.json lists all routes." });
  });

  async function answer(request: Request, info: HandlerInfo): Promise<Response> {
    try {
      checkPath(request.url);
      const access = await authenticate(request, options.tokens);
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

/** Throws `Invalid` for a path that is no text. */
function checkPath(url: string): void {
  if (!url.includes("%")) return;
  try {
    decodeURIComponent(new URL(url).pathname);
  } catch (cause) {
    throw new RegistryError({
      code: "Invalid",
      message: "Cannot read the path: it is no percent-encoded UTF-8",
      hint: "Encode each name as encodeURIComponent does.",
      cause,
    });
  }
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
