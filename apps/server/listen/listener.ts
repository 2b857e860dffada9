// A handler as a listener of Node's HTTP server.
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "npm:@hono/node-server@^2.1";
import { severalHosts } from "../guard/origin.ts";
import type { Handler } from "../options.ts";
import { problem, problemOf, type RefusedRequest } from "../problem.ts";

/** Answers requests of Node's HTTP server with a handler. Nothing global is changed. */
export function listenerOf(
  handler: Handler,
): (request: IncomingMessage, response: ServerResponse) => void {
  const listener = getRequestListener(
    (request, { incoming }) =>
      handler(request, { remoteAddr: { hostname: incoming.socket.remoteAddress } }),
    {
      overrideGlobalObjects: false,
      errorHandler: () =>
        // what is no request at all: a host or target that makes no URL
        problem(400, {
          code: "Invalid",
          detail: "Cannot read the request: its target or host is no URL",
        }),
    },
  );
  return (request, response) => {
    if (hostsOf(request) > 1) return void refuse(response, severalHosts());
    void listener(request, response);
  };
}

/** Counts the `Host` headers: of several, a proxy may use another one (RFC 9112, section 3.2). */
function hostsOf({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].length === 4 && rawHeaders[i].toLowerCase() === "host") count++;
  }
  return count;
}

async function refuse(response: ServerResponse, error: RefusedRequest): Promise<void> {
  const answer = problemOf(error);
  const headers = { ...Object.fromEntries(answer.headers), connection: "close" };
  response.writeHead(answer.status, headers).end(await answer.text());
}
