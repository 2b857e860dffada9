// Downloads in several parts at once, in order and in bounded memory. Each part is read into memory
// as fast as it arrives, so that no unread body holds a connection.
import type { ObjectInfo, StoredObject } from "../../../core/backend.ts";
import { concatBytes, iterableStream } from "../../../core/bytes/bytes.ts";
import { storedBytes, storedObject } from "../../../core/bytes/bytes.ts";
import { isPassing } from "../../../core/retry.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { eitherSignal } from "../../../core/work/until_aborted.ts";
import { partsInOrder, type Span, spansOf } from "../../bucket/parts_in_order.ts";
import { failureOf } from "../errors.ts";
import { discard, getRange, type RangeReply, readBody, type Write } from "./range.ts";
import { callError, keyFault, repeated, type S3Store } from "../store.ts";

export interface Download {
  key: string;
  span: Span;
  /** The reply to the first request, from the start of the span. */
  first: RangeReply;
  signal?: AbortSignal;
}

/** Larger parts keep their chunks: allocating a whole part costs more than reading it. */
const COPIED_BYTES = 1024 * 1024;

export async function createDownload(store: S3Store, download: Download): Promise<StoredObject> {
  const { span: { start, end }, first, signal } = download;
  const { info } = first;
  const { partBytes, parallel } = store;
  const firstEnd = Math.min(end, start + partBytes);
  if (end - start <= COPIED_BYTES) {
    const bytes = new Uint8Array(end - start);
    await readSpan(store, download, { start, end }, into(bytes), { reply: first });
    return storedBytes(info, bytes);
  }
  const firstPart = readChunks(store, download, { start, end: firstEnd }, { reply: first });
  if (firstEnd === end) {
    const part = await firstPart;
    return storedObject(info, {
      body: () => iterableStream(given(part)),
      bytes: () => Promise.resolve(concatBytes([new Uint8Array(), ...part])),
    });
  }
  const rest = { start: firstEnd, end };
  const chunks = () =>
    partsInOrder({
      first: firstPart,
      rest,
      partBytes,
      atOnce: Math.ceil(parallel / 2), // memory of consumed parts is freed late
      read: (span, signal) => readChunks(store, download, span, { signal }),
      signal,
    });
  return storedObject(info, {
    body: () => iterableStream(chunks()),
    async bytes() {
      const whole = new Uint8Array(end - start);
      const failed = new AbortController();
      const options = { signal: eitherSignal(failed.signal, signal) };
      const readFirst = async () => (await firstPart).forEach(into(whole));
      const reads = [
        readFirst,
        ...Array.from(
          spansOf(rest, partBytes),
          (span) => () => readSpan(store, download, span, into(whole, span.start - start), options),
        ),
      ];
      // The first failure aborts the others.
      const failing = (error: unknown) => {
        failed.abort(error);
        throw error;
      };
      await forEachAtOnce(reads, (read) => read().catch(failing), { concurrency: parallel });
      return whole;
    },
  });
}

/**
 * Returns an object of which nothing is read before `passTo`. While a part is passed on, the next
 * one arrives over another connection: stores limit the speed of each.
 */
export function passedObject(store: S3Store, download: Download): StoredObject {
  const { key, span, first, signal } = download;
  const passTo = async (write: Write) => {
    const parts = [...spansOf(span, store.partBytes)];
    const left = new AbortController();
    const ending = eitherSignal(left.signal, signal);
    let ahead: Promise<RangeReply | undefined> = Promise.resolve(first);
    try {
      for (const [i, part] of parts.entries()) {
        const next = parts[i + 1];
        const reply = await ahead;
        ahead = next === undefined
          ? Promise.resolve(undefined)
          : getSame(store, key, next, first.info, ending).catch(() => undefined); // asked again
        await readSpan(store, download, part, write, { reply, freeing: true });
      }
    } finally {
      left.abort();
      void ahead.then((unread) => unread && discard(unread.body));
    }
  };
  return storedObject(first.info, {
    passTo,
    // For a caller that wants something else after all.
    body: () =>
      new ReadableStream({
        async pull(controller) {
          await passTo((chunk) => controller.enqueue(chunk.slice()));
          controller.close();
        },
        cancel: () => discard(first.body),
      }, { highWaterMark: 0 }),
    async bytes() {
      const whole = new Uint8Array(span.end - span.start);
      await passTo(into(whole));
      return whole;
    },
  });
}

/** Returns a function that copies one chunk after the other. */
function into(target: Uint8Array, offset = 0): (chunk: Uint8Array) => void {
  return (chunk) => {
    target.set(chunk, offset);
    offset += chunk.byteLength;
  };
}

/** Yields the chunks of a part and releases them. */
async function* given(part: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const [index, chunk] of part.entries()) {
    part[index] = new Uint8Array();
    yield chunk;
  }
}

interface PartOptions {
  reply?: RangeReply;
  /** A chunk is valid until the next one. @default false */
  freeing?: boolean;
  /** @default that of the download */
  signal?: AbortSignal;
}

/** Reads a part as chunks. An unawaited failure is ignored. */
function readChunks(
  store: S3Store,
  download: Download,
  span: Span,
  options: PartOptions,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  const write: Write = (chunk) => void chunks.push(chunk);
  const reading = readSpan(store, download, span, write, options).then(() => chunks);
  reading.catch(() => {});
  return reading;
}

/** Reads a part. Resumes after a broken connection. */
async function readSpan(
  store: S3Store,
  { key, first: { info }, signal: all }: Download,
  span: Span,
  write: Write,
  { reply, freeing, signal = all }: PartOptions,
): Promise<void> {
  const { firstMs, timeoutMs } = store.patience;
  let { start } = span;
  let unread = reply;
  let idleMs = firstMs;
  let refused: { error: unknown } | undefined; // by `write`, which is never called again
  const refuse = (error: unknown) => {
    refused = { error };
    throw error;
  };
  const readOn = async () => {
    if (start >= span.end) return; // the connection broke after the last byte
    const { body } = unread ?? await getSame(store, key, { start, end: span.end }, info, signal);
    unread = undefined;
    try {
      await readBody(body, (chunk) => {
        const wanted = chunk.subarray(0, span.end - start);
        start += wanted.byteLength;
        try {
          return write(wanted)?.catch(refuse);
        } catch (error) {
          refuse(error);
        }
      }, { idleMs, freeing, signal });
    } catch (error) {
      idleMs = timeoutMs;
      if (refused !== undefined) return;
      if (signal?.aborted) throw signal.reason;
      throw callError(store, error, { action: "get", key });
    }
    signal?.throwIfAborted();
    if (start < span.end) {
      const cause = { name: "ECONNRESET", message: "the body ended early" };
      throw callError(store, cause, { action: "get", key });
    }
  };
  const repetition = { what: "reading", key, signal, fromFailure: true };
  for (let from = start;; from = start) {
    try {
      await repeated(store, readOn, repetition);
      break;
    } catch (error) {
      // A line that brings bytes gets more time.
      if (start === from || store.retryForMs === 0 || !isPassing(error)) throw error;
    }
  }
  if (refused !== undefined) throw (refused as { error: unknown }).error;
}

/**
 * Requests a span of the same object: parts of two objects must never be mixed. Compares the tags
 * of both replies instead of sending If-Match: gateways change tags, and refuse the changed ones.
 */
async function getSame(
  store: S3Store,
  key: string,
  span: Span,
  { etag, size }: ObjectInfo,
  signal?: AbortSignal,
): Promise<RangeReply> {
  try {
    const reply = await getRange(store, key, span, { signal, repeat: false });
    if (reply.info.etag === etag && reply.info.size === size) return reply;
    discard(reply.body);
  } catch (error) {
    const { status } = failureOf(error) ?? {};
    if (status !== 404 && status !== 416) throw error;
  }
  throw keyFault(store, key, {
    code: "Conflict",
    action: "get",
    state: "it was replaced or deleted while it was read",
    hint: "Read it again.",
  });
}
