// Functions over bytes and byte streams.
import type { Body, ByteRange, ObjectInfo, StoredObject } from "../backend.ts";
import { fault, invalid, type RegistryError } from "../errors.ts";
import { described } from "../text/described.ts";

/** Joins chunks. One alone is returned as it is. */
export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** Returns bytes as a plain `Uint8Array`: `slice` of Node's `Buffer` makes no copy. */
export function plainBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) {
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  const state = `a chunk has type ${typeof bytes}, not Uint8Array`;
  const hint = "Pipe a stream of strings through new TextEncoderStream().";
  throw fault({ code: "Unsupported", action: "save a stream", state, hint });
}

/** Reads a stream to its end. */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await forEachChunk(stream, (chunk) => void chunks.push(chunk), signal);
  return concatBytes(chunks);
}

/** Reads a body whole. Returns undefined for a longer one, and reads no more of it. */
export async function readAtMost(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(concatBytes(chunks));
}

/** Passes chunks on. Calls `see` with each one first. */
export async function* tapped(
  chunks: AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => unknown,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await see(chunk);
    yield chunk;
  }
}

/** Calls `action` with one chunk after the other. A failure or an abort cancels the stream. */
export async function forEachChunk(
  stream: ReadableStream<Uint8Array>,
  action: (chunk: Uint8Array) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const reader = stream.getReader();
  // The first failure counts; errors of the cancellation are ignored.
  const cancel = (reason: unknown) => void reader.cancel(reason).catch(() => {});
  const stop = () => cancel(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = await reader.read();
      if (next.done) break;
      await action(next.value);
    }
    signal?.throwIfAborted();
  } catch (error) {
    cancel(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    reader.releaseLock();
  }
}

const BUFFER_BYTES = 256 * 1024;

/**
 * Reads a stream into one buffer if the stream supports it, which halves the time of a reply of
 * `fetch`. A chunk is valid until the next read.
 */
export function reusingReader(
  stream: ReadableStream<Uint8Array>,
): Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel"> {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    return stream.getReader();
  }
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done || value === undefined) return { done: true, value: undefined };
      buffer = value.buffer;
      return { done, value };
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

/** Returns how to pass the bytes of a value, undefined if it has none. */
export function bodyHint(value: unknown): string | undefined {
  const { pipe, arrayBuffer, [Symbol.asyncIterator]: iterate } = Object(value);
  if (typeof pipe === "function") return "Pass Readable.toWeb(stream), of node:stream.";
  if (typeof arrayBuffer === "function") {
    return "Pass its bytes: response.body, or a request's body.";
  }
  return iterate && "Pass ReadableStream.from(iterable).";
}

/** True for files as a materializer returns them, false for a value, also one of bytes. */
export function areFiles(value: object): boolean {
  if (ArrayBuffer.isView(value) || value instanceof ReadableStream || "pipe" in value) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value || value instanceof Promise;
}

/** Returns the error of content without the form of a `Body`. */
export function noBody(content: unknown, path?: string): RegistryError {
  const hint = bodyHint(content) ??
    "Pass a Uint8Array, a Blob, or an unread ReadableStream of bytes.";
  const subject = path === undefined ? undefined : JSON.stringify(path);
  return invalid("save", subject, `its content is ${described(content)}`, { hint });
}

export function bodyStream(body: Body): ReadableStream<Uint8Array> {
  if (body instanceof ReadableStream) return body;
  if (body instanceof Blob) return body.stream() as ReadableStream<Uint8Array>;
  if (!(body instanceof Uint8Array)) throw noBody(body);
  return bytesStream(body);
}

export async function bodyBytes(body: Body, signal?: AbortSignal): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  if (body instanceof Blob) return new Uint8Array(await body.arrayBuffer());
  if (!(body instanceof ReadableStream)) throw noBody(body);
  return await readAll(body, signal);
}

export function bodySize(body: Body): number | undefined {
  if (body instanceof Uint8Array) return body.byteLength;
  return body instanceof Blob ? body.size : undefined;
}

/** The size that a caller of `put` gave, if any, and the key. */
interface ExpectedBody {
  size?: number;
  key: string;
  backend?: string;
}

/** @throws {RegistryError} `Invalid` if a body has another size, or, while it is read, a larger one */
export function checkBodySize(
  actual: number | undefined,
  expected: ExpectedBody,
  { isRead = true } = {},
): void {
  const { size } = expected;
  if (actual === undefined || size === undefined || actual === size) return;
  if (isRead || actual > size) throw otherSize(isRead ? actual : `at least ${actual}`, expected);
}

export function otherSize(
  actual: number | string,
  { size, ...place }: ExpectedBody,
): RegistryError {
  const hint = "Pass the size of the body, or omit it.";
  const state = `the body has ${actual} bytes, not ${size}`;
  return invalid("put", JSON.stringify(place.key), state, { hint, ...place });
}

const Fixed = (globalThis as {
  FixedLengthStream?: new (size: number) => TransformStream<Uint8Array, Uint8Array>;
}).FixedLengthStream;

/** Returns a pipe that a Worker sends with this length. Undefined on other runtimes. */
export const fixedLength:
  | ((size: number) => TransformStream<Uint8Array, Uint8Array>)
  | undefined = Fixed && ((size) => new Fixed(size));

export function bytesStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

export function storedBytes(info: ObjectInfo, bytes: Uint8Array): StoredObject {
  return storedObject(info, {
    body: () => bytesStream(bytes),
    bytes: () => Promise.resolve(bytes),
    passTo: async (write) => await write(bytes),
  });
}

/** Passes the bytes of an object to `write`. An abort ends an object that was got with it. */
export async function passObject(
  object: StoredObject,
  write: (chunk: Uint8Array) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  if (object.passTo === undefined) await forEachChunk(object.body, write, signal);
  else await object.passTo(write);
}

/** Returns an object whose body is opened lazily, when it is first used. */
export function storedObject(
  info: ObjectInfo,
  { body, ...rest }: Omit<StoredObject, "info" | "body"> & { body(): ReadableStream<Uint8Array> },
): StoredObject {
  let stream: ReadableStream<Uint8Array> | undefined;
  return {
    info,
    get body() {
      return stream ??= body();
    },
    ...rest,
  };
}

/** Returns a stream over an async iterable. Cancelling the stream ends the iterator. */
export function iterableStream(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  }, { highWaterMark: 0 });
}

/** Returns the bytes `[start, end)` of a range. Throws `Invalid` for invalid numbers. */
export function clipRange(
  range: ByteRange | undefined,
  info: ObjectInfo,
): { start: number; end: number } {
  const { offset = 0, length = info.size } = range ?? {};
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0) || length % 1 > 0) {
    const subject = `"${info.key}"`;
    const state = `invalid range: offset ${offset}, length ${length}`;
    const hint = "Pass non-negative integers.";
    throw fault({ code: "Invalid", action: "read", subject, state, hint, key: info.key });
  }
  const start = Math.min(offset, info.size);
  return { start, end: Math.min(start + length, info.size) };
}

/** Returns true for equal bytes. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || a.byteLength !== b?.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false; // every() calls for each byte
  return true;
}

/** Compares two strings by their UTF-8 bytes (JavaScript's `<` compares UTF-16 units). */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return isSurrogate(x) !== isSurrogate(y) ? (isSurrogate(x) ? 1 : -1) : x - y;
  }
  return a.length - b.length;
}

/** Sorts items by the UTF-8 bytes of a string. Long common prefixes cost little. */
export function sortedByUtf8<T>(items: readonly T[], textOf: (item: T) => string): T[] {
  const isUsual = !items.some((item) => HIGH.test(textOf(item)));
  const keyOf = isUsual ? textOf : (item: T) => unitsInOrder(textOf(item));
  return items.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b)));
}

/** Returns files in the order of their paths, by UTF-8. */
export function sortedByPath<F extends { path: string }>(files: readonly F[]): F[] {
  return sortedByUtf8(files, ({ path }) => path);
}

/** Surrogates, and the units that they sort after. */
const HIGH = /[\ud800-\uffff]/;

/** Moves surrogates above all other UTF-16 units. */
function unitsInOrder(text: string): string {
  return text.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(isSurrogate(code) ? code + 0x2000 : code - 0x800);
  });
}

/** True for surrogates, which encode code points above every other UTF-16 unit. */
function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
