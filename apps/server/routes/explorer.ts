// The explorer: its files, and the rights of a page's token.
import { notFound } from "../../../core/errors.ts";
import { route } from "../describe.ts";
import { sendBundle } from "../explorer/send_bundle.ts";
import { Answer, type Routes, type ServerContext } from "../routing.ts";
import { AccessSchema } from "../schemas/explorer.ts";

const FILE_ANSWERS = {
  200: {
    description: "The file",
    content: { "*/*": { schema: { type: "string" } } },
    headers: { "etag": "A weak tag of the content" },
  },
  304: { description: "Not modified" },
};

export function explorerRoutes(routes: Routes, { options }: ServerContext): void {
  route(routes, "GET /explore", {
    id: "getExplorer",
    tag: "explorer",
    summary: "Redirects to the explorer",
    scope: "open",
    answers: { 308: { description: "The address of the explorer" } },
    answer: () => new Answer(null, { status: 308, headers: { location: "explore/" } }),
  });
  route(routes, "GET /explore/", {
    id: "getExplorerPage",
    tag: "explorer",
    summary: "Returns the explorer, for browsers",
    scope: "open",
    requestHeaders: { "if-none-match": "Tags that the client has" },
    answers: FILE_ANSWERS,
    answer: async ({ c }) => (await sendBundle(c.request, "index.html"))!,
  });
  route(routes, "GET /explore/:file", {
    id: "getExplorerFile",
    tag: "explorer",
    summary: "Returns a file of the explorer",
    scope: "open",
    requestHeaders: { "if-none-match": "Tags that the client has" },
    answers: FILE_ANSWERS,
    problems: [404],
    answer: async ({ c, params: { file } }) => {
      const sent = await sendBundle(c.request, file);
      if (sent !== undefined) return sent;
      throw notFound("find", JSON.stringify(file.slice(0, 100)), "the explorer has no such file", {
        hint: "Reload /explore/: the service may have been upgraded.",
      });
    },
  });
  route(routes, "GET /access", {
    id: "getAccess",
    tag: "service",
    summary: "Returns the rights of the token",
    description: "`known` is false without a valid token. Without tokens, everybody has `admin`.",
    scope: "open",
    answers: { 200: { description: "The rights", schema: AccessSchema } },
    answer: ({ c, access: { admin, scopes, token, author: by, expiresAtMs } }) => {
      const known = options.tokens === undefined || token !== undefined;
      const isFinite = expiresAtMs !== undefined && Number.isFinite(expiresAtMs);
      const expiresAt = isFinite ? new Date(expiresAtMs).toISOString() : undefined;
      const writable = !(options.readOnly ?? false);
      const body = { known, admin, writable, scopes, by, expiresAt };
      return c.json(body, 200, { "cache-control": "no-store" });
    },
  });
}
