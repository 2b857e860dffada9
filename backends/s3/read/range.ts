// One request for a span of an object, and the body of its reply: a Node stream from the default
// handler of the SDK, or a web stream from another.
import type { ObjectInfo } from "../../../core/backend.ts";
import type { Span } from "../../bucket/parts_in_order.ts";
import type { ArrivingBody } from "../calls.ts";
import { call, fullKey, keyFault, objectInfo, type S3Store } from "../store.ts";

export interface RangeReply {
  info: ObjectInfo;
  body: ArrivingBody;
}

/** Requests a span, only of the object with this entity tag if one is given. */
export async function getRange(
  store: S3Store,
  key: string,
  { start, end }: Span,
  { etag, signal, repeat }: { etag?: string; signal?: AbortSignal; repeat?: boolean },
): Promise<RangeReply> {
  const input = {
    Key: fullKey(store, key),
    Range: `bytes=${start}-${end - 1}`,
    ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }),
  };
  const reply = await call(store, "GetObject", input, { action: "get", key, signal, repeat });
  const body = reply.Body ?? emptyBody();
  const size = parseTotal(reply.ContentRange) ?? (start === 0 ? reply.ContentLength : undefined);
  if (size !== undefined && (reply.ContentRange !== undefined || size <= end)) {
    return { info: objectInfo(key, size, reply), body };
  }
  discard(body);
  throw keyFault(store, key, {
    code: "Unsupported",
    action: "get",
    state: "the store does not support ranges",
    hint: "Use a store, and a proxy in front of it, that supports the Range header.",
  });
}

/** Returns the size of the whole object: 1000 of `bytes 0-9/1000`. */
function parseTotal(contentRange: string | undefined): number | undefined {
  const match = /\/(\d+)$/.exec(contentRange ?? "");
  return match === null ? undefined : Number(match[1]);
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

interface NodeBody {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  once(event: "end" | "close", listener: () => void): unknown;
  once(event: "error", listener: (error: unknown) => void): unknown;
  destroy(error?: unknown): void;
  readonly socket?: {
    setTimeout(ms: number): unknown;
    on(event: "timeout", listener: () => void): unknown;
    off(event: "timeout", listener: () => void): unknown;
  } | null;
}

/** Passes each chunk of a body to `write` as fast as it arrives. An abort closes the body. */
export async function readBody(
  body: ArrivingBody,
  write: (chunk: Uint8Array) => void,
  { idleMs, signal }: { idleMs: number; signal?: AbortSignal },
): Promise<void> {
  const close = () => discard(body);
  signal?.addEventListener("abort", close, { once: true });
  try {
    signal?.throwIfAborted();
    if (isNodeBody(body)) await flow(body, write, idleMs);
    else for await (const chunk of body) write(chunk);
  } finally {
    signal?.removeEventListener("abort", close);
    if (signal?.aborted) close();
  }
}

/** Closes an unread body, which would hold its connection. */
export function discard(body: ArrivingBody): void {
  if (isNodeBody(body)) body.destroy();
  else void (body as Partial<ReadableStream>).cancel?.().catch(() => {});
}

/** Reads by events, which cost a fifth less than the iterator of the stream. */
async function flow(
  body: NodeBody,
  write: (chunk: Uint8Array) => void,
  idleMs: number,
): Promise<void> {
  // The SDK watches only the connection that it opened; the runtime may have resent over another.
  const { socket } = body;
  const giveUp = () => body.destroy({ name: "TimeoutError", message: "no progress" });
  socket?.setTimeout(idleMs);
  socket?.on("timeout", giveUp);
  try {
    await new Promise<void>((resolve, reject) => {
      body.once("end", resolve);
      body.once("error", reject);
      body.once(
        "close",
        () => reject({ name: "ECONNRESET", message: "the connection was closed" }),
      );
      body.on("data", write);
    });
  } finally {
    socket?.off("timeout", giveUp);
  }
}

function isNodeBody(body: unknown): body is NodeBody {
  return typeof (body as Partial<NodeBody>).on === "function";
}
