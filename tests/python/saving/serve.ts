// A service that a test stands before.
import { createHandler } from "../../../apps/server.ts";
import type { Registry } from "../../../mod.ts";

export interface Service extends AsyncDisposable {
  url: string;
}

/** Serves a registry, through a function that may answer first. */
export function serve(
  registry: Registry,
  before?: (request: Request) => Response | undefined,
): Service {
  const handler = createHandler(registry);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const answer = before?.(request);
      if (answer !== undefined) await request.arrayBuffer();
      return answer ?? await handler(request);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await handler[Symbol.asyncDispose]();
    },
  };
}
