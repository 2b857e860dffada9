// The official client, connected to a service in this process.
import {
  type CallToolResult,
  Client,
  StreamableHTTPClientTransport,
} from "npm:@modelcontextprotocol/client@^2.4.0";
import {
  createHandler,
  type Handler,
  type HandlerOptions,
  type TokenCheck,
} from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { Registry } from "../../../../mod.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";

/** Uses the text after `Bearer ` as scopes, separated by commas. */
export const tokens: TokenCheck = {
  find(authorization) {
    const [, text] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(
      text && createAccess("me", text.split(",").map(parseScope)) || undefined,
    );
  },
};

export interface Connected extends AsyncDisposable {
  client: Client;
  /** Calls a tool and returns its structured result, or the text of its error. */
  call<T = Record<string, unknown>>(name: string, args?: Record<string, unknown>): Promise<T>;
  result(name: string, args?: Record<string, unknown>): Promise<CallToolResult>;
  /** All answers of the service. */
  answers: Response[];
}

/** Connects a client to a registry behind `/mcp`; with scopes, as a token that has them. */
export async function connect(
  registry: Registry,
  { scopes, ...options }: HandlerOptions & { scopes?: string } = {},
): Promise<Connected> {
  const known = scopes === undefined ? {} : { tokens };
  const handler = createHandler(registry, { gateways: [mcp], ...options, ...known });
  return await connectTo(handler, { scopes, close: () => handler.close() });
}

export async function connectTo(
  handler: Handler,
  { scopes, close }: { scopes?: string; close?: () => Promise<void> } = {},
): Promise<Connected> {
  const answers: Response[] = [];
  const transport = new StreamableHTTPClientTransport(new URL("http://localhost/mcp"), {
    async fetch(url, init) {
      const answer = await handler(new Request(url, init));
      answers.push(answer);
      return answer;
    },
    requestInit: { headers: scopes === undefined ? {} : { authorization: `Bearer ${scopes}` } },
  });
  return { ...await withClient(transport, close), answers };
}

export async function withClient(
  transport: Parameters<Client["connect"]>[0],
  close: () => Promise<void> = async () => {},
): Promise<Omit<Connected, "answers">> {
  const client = new Client({ name: "tester", version: "1.2.3" });
  await client.connect(transport);
  await client.listTools(); // from now on it checks each result against the schema of its tool
  const result = async (name: string, args: Record<string, unknown> = {}) =>
    await client.callTool({ name, arguments: args }) as CallToolResult;
  return {
    client,
    result,
    async call<T>(name: string, args?: Record<string, unknown>): Promise<T> {
      const { content, isError, structuredContent } = await result(name, args);
      const [first] = content;
      if (isError) return (first?.type === "text" ? first.text : "") as T;
      return structuredContent as T;
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await close();
    },
  };
}
