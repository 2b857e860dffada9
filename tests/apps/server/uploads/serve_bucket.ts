// A service over a bucket that clients reach.
import { createHandler, type HandlerOptions } from "../../../../apps/server.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { openRegistry } from "../../../../mod.ts";
import { SIGNING_KEY } from "../../../backends/gcs/signing_key.ts";
import { noise } from "../../../registry/registries.ts";
import type { ServerWorld } from "../../../servers/server_world.ts";

export const LARGE = noise(12_000_000);
export const SUM = sha256(LARGE);

/** A service that counts the bytes of its requests. */
export async function serve(world: ServerWorld, options: HandlerOptions = {}) {
  const isGcs = world.server.kind === "fake-gcs"; // which answers only at its own address
  const store = isGcs ? world.store({ gcs: { credentials: SIGNING_KEY } }) : world.proxied();
  const registry = await openRegistry(store, { cache: false });
  const handler = createHandler(registry, { redirect: true, ...options });
  const requests: string[] = [];
  let received = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname}`);
    received += Number(request.headers.get("content-length") ?? 0);
    return handler(request);
  });
  const location = `http://127.0.0.1:${server.addr.port}`;
  return {
    registry,
    location,
    requests,
    received: () => received,
    async json(method: string, path: string, body: unknown, token?: string) {
      const answer = await fetch(`${location}${path}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
      });
      return { status: answer.status, json: await answer.json() };
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await handler.close();
      await registry.close();
    },
  };
}

export type Presigned = { upload: string; url: string; headers: Record<string, string> };

export async function put({ url, headers }: Presigned, content: Uint8Array): Promise<number> {
  const body = content as Uint8Array<ArrayBuffer>;
  const answer = await fetch(url, { method: "PUT", headers, body });
  await answer.body?.cancel();
  return answer.status;
}

export const ASKED = { size: LARGE.byteLength, sha256: SUM };
