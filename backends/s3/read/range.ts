// One request for a span of an object, and the body of its reply: a Node stream from the default
// handler of the SDK, or a web stream from another.
import type { ObjectInfo } from "../../../core/backend.ts";
import { plainBytes } from "../../../core/bytes/bytes.ts";
import { withDeadline } from "../../../core/retry.ts";
import { parseContentRange, type Span } from "../../bucket/parts_in_order.ts";
import type { ArrivingBody } from "../calls.ts";
import { call, fullKey, keyFault, objectInfo, type S3Store } from "../store.ts";

export interface RangeReply {
  info: ObjectInfo;
  body: ArrivingBody;
}

/** Requests a span. */
export async function getRange(
  store: S3Store,
  key: string,
  { start, end }: Span,
  { signal, repeat }: { signal?: AbortSignal; repeat?: boolean },
): Promise<RangeReply> {
  const input = { Key: fullKey(store, key), Range: `bytes=${start}-${end - 1}` };
  const reply = await call(store, "GetObject", input, { action: "get", key, signal, repeat });
  const { Body: body = emptyBody(), ContentRange, ContentLength = Infinity } = reply;
  const range = ContentRange === undefined && ContentLength <= end
    ? { start: 0, size: ContentLength } // the whole object
    : parseContentRange(ContentRange);
  if (range?.start === start) return { info: objectInfo(key, range.size, reply), body };
  discard(body);
  throw keyFault(store, key, {
    code: "Unsupported",
    action: "get",
    state: "the store does not support ranges",
    hint: "Use a store and proxy that support the HTTP Range header.",
  });
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

interface NodeBody {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  once(event: "end" | "close", listener: () => void): unknown;
  once(event: "error", listener: (error: unknown) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(error?: unknown): void;
  readonly destroyed?: boolean;
  readonly socket?: {
    setTimeout(ms: number): unknown;
    on(event: "timeout", listener: () => void): unknown;
    off(event: "timeout", listener: () => void): unknown;
  } | null;
}

/** Receives a chunk. The next one waits for its promise. */
export type Write = (chunk: Uint8Array) => void | Promise<void>;

/** Passes each chunk of a body to `write` as fast as it arrives. An abort closes the body. */
export async function readBody(
  body: ArrivingBody,
  write: Write,
  { idleMs, freeing, signal }: { idleMs: number; freeing?: boolean; signal?: AbortSignal },
): Promise<void> {
  const close = () => discard(body);
  signal?.addEventListener("abort", close, { once: true });
  try {
    signal?.throwIfAborted();
    // Without a socket, the bytes may belong to the handler.
    if (isNodeBody(body)) await flow(body, freeing && body.socket ? freed(write) : write, idleMs);
    else if (body instanceof ReadableStream) await pull(body, write, idleMs);
    else for await (const chunk of body) await write(chunk);
  } finally {
    signal?.removeEventListener("abort", close);
    if (signal?.aborted) close();
  }
}

/** Reads a body of `fetch`, whose connection has no time limit. */
async function pull(body: ReadableStream<Uint8Array>, write: Write, timeoutMs: number) {
  const reader = body.getReader();
  try {
    for (let next; !(next = await withDeadline(reader.read(), { timeoutMs })).done;) {
      await write(next.value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Frees each chunk when the next one arrives: the garbage collector would let them pile up. */
function freed(write: Write): Write {
  let last = new Uint8Array();
  return (chunk) => {
    if (last.byteLength === last.buffer.byteLength) last.buffer.transfer(0);
    last = plainBytes(chunk) as Uint8Array<ArrayBuffer>;
    return write(last);
  };
}

/** Closes an unread body, which would hold its connection. */
export function discard(body: ArrivingBody): void {
  if (isNodeBody(body)) body.destroy();
  else void (body as Partial<ReadableStream>).cancel?.().catch(() => {});
}

const CLOSED = { name: "ECONNRESET", message: "the connection was closed" };

/** Reads by events, which cost a fifth less than the iterator of the stream. */
async function flow(body: NodeBody, write: Write, idleMs: number): Promise<void> {
  // The SDK watches only the connection that it opened; the runtime may have resent over another.
  const { socket } = body;
  const giveUp = () => body.destroy({ name: "TimeoutError", message: "no progress" });
  socket?.setTimeout(idleMs);
  socket?.on("timeout", giveUp);
  try {
    await new Promise<void>((resolve, reject) => {
      let ended = false;
      let writing: Promise<void> | undefined;
      body.once("end", () => resolve(writing));
      // The body may be requested again: the next chunk must not overtake the last one.
      const breakOff = (error: unknown) =>
        void (writing ?? Promise.resolve()).then(() => {
          reject(error);
        }, reject);
      body.once("error", breakOff);
      body.once("close", () => breakOff(CLOSED));
      if (body.destroyed) breakOff(CLOSED); // while another was read
      const fail = (error: unknown) => {
        ended = true; // chunks may follow
        reject(error);
        body.destroy();
      };
      body.on("data", (chunk) => {
        if (ended) return;
        try {
          writing = write(chunk) ?? undefined;
          if (writing === undefined) return;
          body.pause();
          socket?.setTimeout(0); // the store is not slow: it is not read meanwhile
          writing.then(() => {
            socket?.setTimeout(idleMs);
            body.resume();
          }, fail);
        } catch (error) {
          fail(error);
        }
      });
    });
  } finally {
    socket?.off("timeout", giveUp);
  }
}

function isNodeBody(body: unknown): body is NodeBody {
  return typeof (body as Partial<NodeBody>).on === "function";
}
