// A client of the service in one process, and bodies that break off.
import type { HandlerOptions } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import type { Backend, Registry } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";

/** A service, and how it is called. */
export interface Service extends AsyncDisposable {
  /** What it serves. */
  registry: Registry;
  /** Sends a request to a path. */
  send(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** Sends JSON. */
  sendJson(method: string, path: string, body: unknown): Promise<Response>;
  /** One of tus. */
  tus(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: BodyInit,
  ): Promise<Response>;
}

/** Serves a registry in memory, or on this store. */
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
    sendJson: (method, path, body) =>
      send(method, path, {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    tus(method, path, headers, body) {
      const type: Record<string, string> = body === undefined
        ? {}
        : { "content-type": "application/offset+octet-stream" };
      return send(method, path, {
        headers: { "tus-resumable": "1.0.0", ...type, ...headers },
        body,
      });
    },
    async [Symbol.asyncDispose]() {
      await handler.close();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** A body of these bytes in chunks, which breaks off at the end where that is asked for. */
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
