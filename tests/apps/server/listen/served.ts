// A service on a port, for tests that send raw bytes.
import { openRegistry, type Registry } from "../../../../mod.ts";
import { createHandler, type HandlerOptions } from "../../../../apps/server.ts";
import { listen } from "../../../../apps/server/listen/listen.ts";
import type { Listening, ListenOptions } from "../../../../apps/server/listen/options.ts";

export interface Served extends AsyncDisposable {
  readonly registry: Registry;
  readonly server: Listening;
  /** Sends raw text and reads until the service closes the connection. */
  talk(text: string): Promise<string>;
  connect(): Promise<Deno.TcpConn>;
}

const encoder = new TextEncoder();

export async function serve(
  { handler: handlerOptions, ...options }: ListenOptions & { handler?: HandlerOptions } = {},
): Promise<Served> {
  const registry = await openRegistry("memory:");
  const server = await listen(createHandler(registry, handlerOptions), { port: 0, ...options });
  const port = Number(new URL(server.url).port);
  const connect = () => Deno.connect({ port, hostname: "127.0.0.1" });
  return {
    registry,
    server,
    connect,
    async talk(text) {
      using connection = await connect();
      await connection.write(encoder.encode(text));
      return await readToEnd(connection);
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop({ withinMs: 0 });
      await registry[Symbol.asyncDispose]();
    },
  };
}

export async function readToEnd(connection: Deno.Conn): Promise<string> {
  try {
    return await new Response(connection.readable).text();
  } catch {
    return ""; // the connection was reset
  }
}

/** Returns the text of a request without a body. */
export function requestText(target: string, headers: readonly string[] = []): string {
  return [`GET ${target} HTTP/1.1`, "Host: localhost", "Connection: close", ...headers, "", ""]
    .join("\r\n");
}
