// The bytes of an object as they come: several parts at once, in order, in bounded memory.
// Connections never wait for the reader: each part is read into memory as fast as it arrives, so
// that no unread body holds one.
import type { ObjectInfo, StoredObject } from "../../../core/backend.ts";
import {
  concatBytes,
  iterableStream,
  storedBytes,
  storedObject,
} from "../../../core/bytes/bytes.ts";
import { failureOf } from "../errors.ts";
import { discard, getRange, type RangeReply, readBody } from "./range.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { eitherSignal } from "../../bucket/first_contact.ts";
import { partsInOrder, type Span, spansOf } from "../../bucket/parts_in_order.ts";
import { callError, keyFault, repeated, type S3Store } from "../store.ts";

export interface Download {
  key: string;
  span: Span;
  /** The reply to the first request, which begins where the span does. */
  first: RangeReply;
  signal?: AbortSignal;
}

/** Larger parts stay in the pieces that they came in: fresh memory for all of one costs more than the reading. */
const COPIED_BYTES = 1024 * 1024;

/** Takes a chunk; `offset` is its place in the object. */
type Write = (chunk: Uint8Array, offset: number) => void;

export async function createDownload(store: S3Store, download: Download): Promise<StoredObject> {
  const { span: { start, end }, first, signal } = download;
  const { info } = first;
  const { partBytes, parallel } = store;
  const firstEnd = Math.min(end, start + partBytes);
  const into = (target: Uint8Array): Write => (chunk, offset) => target.set(chunk, offset - start);
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
      atOnce: Math.ceil(parallel / 2), // what arrived is collected late, and would double the memory once more
      read: (span, signal) => readChunks(store, download, span, { signal }),
      signal,
    });
  return storedObject(info, {
    body: () => iterableStream(chunks()),
    async bytes() {
      const whole = new Uint8Array(end - start);
      const write = into(whole);
      const failed = new AbortController();
      const options = { signal: eitherSignal(failed.signal, signal) };
      const readFirst = async () => {
        let offset = start;
        for (const chunk of await firstPart) {
          write(chunk, offset);
          offset += chunk.byteLength;
        }
      };
      const reads = [
        readFirst,
        ...Array.from(
          spansOf(rest, partBytes),
          (span) => () => readSpan(store, download, span, write, options),
        ),
      ];
      // Once one fails, nobody waits for the others.
      const failing = (error: unknown) => {
        failed.abort(error);
        throw error;
      };
      await forEachAtOnce(reads, (read) => read().catch(failing), { concurrency: parallel });
      return whole;
    },
  });
}

/** The chunks of a part, which are let go as they are given. */
async function* given(part: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const [index, chunk] of part.entries()) {
    part[index] = new Uint8Array();
    yield chunk;
  }
}

interface PartOptions {
  reply?: RangeReply;
  /** Ends it. @default the download's */
  signal?: AbortSignal;
}

/** A part as it came. Whoever awaits it hears of its failure; nobody has to. */
function readChunks(
  store: S3Store,
  download: Download,
  span: Span,
  options: PartOptions,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  const reading = readSpan(store, download, span, (chunk) => chunks.push(chunk), options).then(() =>
    chunks
  );
  reading.catch(() => {});
  return reading;
}

/** Reads a part. What broke off goes on where it stopped. */
async function readSpan(
  store: S3Store,
  { key, first: { info }, signal: all }: Download,
  span: Span,
  write: Write,
  { reply, signal = all }: PartOptions,
): Promise<void> {
  let { start } = span;
  let given = reply;
  await repeated(store, async () => {
    const { body } = given ?? await getSame(store, key, { start, end: span.end }, info, signal);
    given = undefined;
    try {
      await readBody(body, (chunk) => {
        const wanted = chunk.subarray(0, span.end - start);
        write(wanted, start);
        start += wanted.byteLength;
      }, { idleMs: store.requestTimeoutMs, signal });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw callError(store, error, { action: "get", key });
    }
    signal?.throwIfAborted();
    if (start < span.end) {
      const cause = { name: "ECONNRESET", message: "the body ended early" };
      throw callError(store, cause, { action: "get", key });
    }
  }, { what: "reading", key, signal });
}

/** Asks for a span of the same object: a part of another must never stand beside the parts of this one. */
async function getSame(
  store: S3Store,
  key: string,
  span: Span,
  { etag, size }: ObjectInfo,
  signal?: AbortSignal,
): Promise<RangeReply> {
  try {
    const reply = await getRange(store, key, span, { etag, signal, repeat: false });
    if (reply.info.etag === etag && reply.info.size === size) return reply;
    discard(reply.body);
  } catch (error) {
    const { status } = failureOf(error) ?? {};
    if (status !== 404 && status !== 412 && status !== 416) throw error;
  }
  throw keyFault(store, key, {
    code: "Conflict",
    action: "get",
    state: "it was replaced or deleted while it was read",
    hint: "Read it again.",
  });
}
