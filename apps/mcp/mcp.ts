/**
 * The Model Context Protocol, for assistants and agents: a gateway of `createHandler`.
 *
 * @module
 */
import { loadPart } from "../../core/kernel.ts";
import type { Logger, System } from "../../core/kernel.ts";
import { Answer, checkStillAllowed, route } from "../server/extending.ts";
import type { Gateway, GatewayContext, Routes } from "../gateways.ts";

/** The server, which is loaded at the first request. */
interface McpPart {
  answerMcp(request: Request, parts: {
    body: string;
    send(request: Request): Promise<Response>;
    system: System;
    logger: Logger;
    readOnly?: boolean;
    token?: string;
  }): Promise<Response>;
}

/**
 * `/mcp`, through which assistants and agents use the registry, with the rights of their token.
 * Needs the package `@modelcontextprotocol/server`.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { mcp } from "@holdfast/holdfast/gateways/mcp";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [mcp] });
 * ```
 */
export const mcp: Gateway = {
  name: "mcp",
  owns: (path) => path === "/mcp",
  sendsFiles: () => true,
  passesOn: true,
  addRoutes: mcpRoutes,
};

function mcpRoutes(
  routes: Routes,
  { options, system, logger, dispatch }: GatewayContext,
): void {
  const content = { schema: { type: "object" } };
  route(routes, "POST /mcp", {
    id: "callMcp",
    tag: "agents",
    summary: "Answers a message of the Model Context Protocol (Streamable HTTP)",
    description: "Tools and resources have the rights of the token. There are no sessions.",
    scope: "read",
    body: { "application/json": content },
    answers: {
      200: {
        description: "The answer, as JSON or as an event",
        content: { "application/json": content, "text/event-stream": {} },
      },
      202: { description: "The message needs no answer" },
    },
    problems: [406],
    answer: async ({ c, signal }) => {
      const { url, headers } = c.request;
      const body = await c.request.text();
      await checkStillAllowed(c);
      const { answerMcp } = await loadPart<McpPart>("./server.ts", import.meta.url);
      const { info } = c;
      const send = async (request: Request) =>
        (await dispatch(request, { ...info, gateway: undefined })).toResponse();
      const request = new Request(url, { method: "POST", headers, signal });
      const readOnly = options.readOnly || !info.access.mayChange;
      const { token } = info.access;
      const parts = { body, send, system, logger, readOnly, token };
      return Answer.from(await answerMcp(request, parts));
    },
  });
}
