/**
 * The Model Context Protocol, for assistants and agents: a gateway of `createHandler`.
 *
 * @module
 */
import * as v from "npm:valibot@^1.5";
import type { Logger, System } from "../../../mod.ts";
import { loadPart } from "../../../core/kernel.ts";
import { Answer, route } from "../../../apps/gateways.ts";
import { publicUrl, schema } from "../../../apps/server/extending.ts";
import type { Gateway, GatewayContext, Routes } from "../../../apps/gateways.ts";

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
  sendsFiles: () => true,
  passesOn: true,
  addRoutes: mcpRoutes,
};

/** The text of a message, which its package parses. The limit of the body is smaller. */
const McpMessage = v.pipe(
  schema.text(2 ** 29 - 24),
  v.metadata({
    as: {
      type: "object",
      maxProperties: 100,
      description: "A message of JSON-RPC 2.0 of at most `maxBodyBytes`",
    },
  }),
);

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
    json: McpMessage,
    parse: (text) => text,
    answers: {
      200: {
        description: "The answer, as JSON or as an event",
        content: { "application/json": content, "text/event-stream": {} },
      },
      202: { description: "The message needs no answer" },
    },
    problems: [406],
    answer: async ({ c, json: body, signal }) => {
      const { headers } = c.request;
      const { answerMcp } = await loadPart<McpPart>("./server.ts", import.meta.url);
      const { info } = c;
      const send = async (request: Request) =>
        (await dispatch(request, { ...info, gateway: undefined })).toResponse();
      const request = new Request(publicUrl(c, ""), { method: "POST", headers, signal });
      const readOnly = options.readOnly || !info.access.mayChange;
      const { token } = info.access;
      const parts = { body, send, system, logger, readOnly, token };
      return Answer.from(await answerMcp(request, parts));
    },
  });
}
