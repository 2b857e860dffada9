// The files of the explorer.
import { notFound } from "../../../core/errors.ts";
import { route } from "../describe.ts";
import { sendBundle } from "../explorer/send_bundle.ts";
import type { Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";

const FILE_ANSWERS = {
  200: {
    description: "The file",
    content: { "*/*": { schema: { type: "string" } } },
    headers: { "etag": "A weak tag of the content" },
  },
  304: { description: "Not modified" },
};

export function explorerRoutes(routes: Routes, { options }: ServerContext): void {
  const { issuers = [] } = options.tokens?.signIn ?? {};
  const ofPeople = issuers.filter(({ clientId }) => clientId !== undefined);
  const origins = [...new Set(ofPeople.map(({ issuer }) => new URL(issuer).origin))];
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
    answer: async ({ c }) => (await sendBundle(c.request, "index.html", origins, options.framed))!,
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
      const sent = await sendBundle(c.request, file, origins, options.framed);
      if (sent !== undefined) return sent;
      throw notFound("find", JSON.stringify(file.slice(0, 100)), "the explorer has no such file", {
        hint: "Reload /explore/: the service may have been upgraded.",
      });
    },
  });
}
