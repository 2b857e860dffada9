// A client of a service in this process, and incomplete bodies.
import type { HandlerOptions } from "../../../../apps/server.ts";
import { type Backend, openRegistry, type Registry } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";

export interface Service extends AsyncDisposable {
  registry: Registry;
  send(method: string, path: string, init?: RequestInit): Promise<Response>;
  sendJson(method: string, path: string, body: unknown): Promise<Response>;
  tus(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: BodyInit,
  ): Promise<Response>;
}

export async function openService(
  { backend, ...options }: HandlerOptions & { backend?: Backend } = {},
): Promise<Service> {
  const registry = await openRegistry(backend ?? "memory:", { system: options.system });
  const handler = createCheckedHandler(registry, options);
  const send: Service["send"] = (method, path, init) =>
    handler(
      new Request(`http://127.0.0.1${path}`, { method, duplex: "half", ...init } as RequestInit),
    );
  return {
    registry,
    send,
    sendJson(method, path, body) {
      const headers = { "content-type": "application/json" };
      return send(method, path, { body: JSON.stringify(body), headers });
    },
    tus(method, path, headers, body) {
      const type = body === undefined ? {} : { "content-type": "application/offset+octet-stream" };
      return send(method, path, {
        headers: { "tus-resumable": "1.0.0", ...type, ...headers } as Record<string, string>,
        body,
      });
    },
    async [Symbol.asyncDispose]() {
      await handler.close();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** Returns a body in chunks. With `breaks` it fails at the end. */
export function sentBody(
  bytes: Uint8Array,
  { chunk = 65_536, breaks = false } = {},
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.byteLength) {
        controller.enqueue(bytes.slice(at, at + chunk));
        at += chunk;
      } else if (breaks) controller.error(new TypeError("connection reset"));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}
