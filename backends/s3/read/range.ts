// One request for a span of an object, and the body of its reply: a stream of Node from the SDK's
// usual handler, or one of the web from a client with another.
import type { ObjectInfo } from "../../../core/backend.ts";
import type { Span } from "../../bucket/parts_in_order.ts";
import type { ArrivingBody } from "../calls.ts";
import { call, fullKey, keyFault, objectInfo, type S3Store } from "../store.ts";

export interface RangeReply {
  info: ObjectInfo;
  /** The bytes from `start` to the end of the object or of the span. */
  body: ArrivingBody;
}

/** Asks for a span, of exactly the object with this entity tag where one is given. */
export async function getRange(
  store: S3Store,
  key: string,
  { start, end }: Span,
  { etag, signal, repeat }: { etag?: string; signal?: AbortSignal; repeat?: boolean },
): Promise<RangeReply> {
  const range = {
    Range: `bytes=${start}-${end - 1}`,
    ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }),
  };
  const reply = await call(store, "GetObject", { Key: fullKey(store, key), ...range }, {
    action: "get",
    key,
    signal,
    repeat,
  });
  const body = reply.Body ?? emptyBody();
  const size = parseTotal(reply.ContentRange) ?? (start === 0 ? reply.ContentLength : undefined);
  if (size !== undefined && (reply.ContentRange !== undefined || size <= end)) {
    return { info: objectInfo(key, size, reply), body };
  }
  discard(body);
  throw keyFault(store, key, {
    code: "Unsupported",
    action: "get",
    state: "the store does not answer ranges",
    hint: "Use a store, or a proxy before it, that answers requests with a Range header.",
  });
}

/** The size of the whole object: what stands behind the slash of `bytes 0-9/1000`. */
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

export interface ReadBodyOptions {
  /** How long nothing may come, milliseconds. */
  idleMs: number;
  signal?: AbortSignal;
}

/** Gives each chunk of a body to `write` as fast as it comes. An abort closes it. */
export async function readBody(
  body: ArrivingBody,
  write: (chunk: Uint8Array) => void,
  { idleMs, signal }: ReadBodyOptions,
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

/** Closes a body that nobody wants: one that is not read holds its connection. */
export function discard(body: ArrivingBody): void {
  if (isNodeBody(body)) body.destroy();
  else void (body as Partial<ReadableStream>).cancel?.().catch(() => {});
}

/** Events cost a fifth less than the iterator of the same stream. */
async function flow(
  body: NodeBody,
  write: (chunk: Uint8Array) => void,
  idleMs: number,
): Promise<void> {
  // The SDK watches the connection that it opened; the runtime may have sent the request again over another.
  const { socket } = body;
  const giveUp = () => body.destroy({ name: "TimeoutError", message: "nothing came any more" });
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
