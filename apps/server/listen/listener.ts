/**
 * A handler as a listener of Node's HTTP server.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "npm:@hono/node-server@^2.1";
import type { Handler } from "../options.ts";
import { problem } from "../problem.ts";

/** Answers requests of Node's HTTP server with a handler. Nothing global is changed. */
export function listenerOf(handler: Handler): (request: IncomingMessage, response: ServerResponse) => void {
  const listener = getRequestListener(
    (request, { incoming }) => handler(request, { remoteAddr: { hostname: incoming.socket.remoteAddress } }),
    {
      overrideGlobalObjects: false,
      errorHandler: () =>
        // what is no request at all: a host or target that makes no URL
        problem(400, { code: "Invalid", detail: "Cannot read the request: its target or host is no URL" }),
    },
  );
  return (request, response) => void listener(request, response);
}
