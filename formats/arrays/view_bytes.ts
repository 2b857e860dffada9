// The bytes behind buffers and views.
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import type { FileSource } from "../../core/materializer.ts";
import { fault, type RegistryError } from "../../core/errors.ts";

/** Returns the bytes of a view or buffer, in place. Shared and detached memory is `Unsupported`. */
export function viewBytes(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
  const [buffer, offset, length] = ArrayBuffer.isView(value)
    ? [value.buffer, value.byteOffset, value.byteLength]
    : [value, 0, value.byteLength];
  if (typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer) {
    throw unsupported("another thread may change it", "Save a copy made by slice().");
  }
  const { detached, resizable } = buffer as ArrayBuffer;
  if (detached) {
    throw unsupported("it was transferred to another thread", "Save it before you transfer it.");
  }
  if (value === buffer && resizable) {
    const hint = "Save a Uint8Array over it, or a copy made by slice().";
    throw unsupported("it is resizable, which is not stored", hint);
  }
  return new Uint8Array(buffer, offset, length);
}

function unsupported(state: string, hint: string): RegistryError {
  return fault({ code: "Unsupported", action: "save memory buffer", state, hint });
}

/** Returns the bytes in a buffer that contains nothing else and that the caller may change. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (byteLength === buffer.byteLength) return new Uint8Array(buffer as ArrayBuffer);
  return new Uint8Array(bytes);
}

export const HOST_BIG_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Content up to this size is joined in memory. */
export const SMALL_BYTES = 65_536;
const CHUNK_BYTES = 1 << 20;

/** Content whose parts a writer that only reads may use in place. Streams have copies of them. */
export interface JoinedElements extends FileSource {
  readonly [PARTS]: readonly Uint8Array[];
}

export const PARTS: unique symbol = Symbol("parts in memory");

/** Returns the content of a file: its header, and elements. */
export function joinElements(
  header: Uint8Array,
  elements: Uint8Array,
): Uint8Array | JoinedElements {
  const parts = [header, elements], size = header.byteLength + elements.byteLength;
  if (size <= SMALL_BYTES) return concatBytes(parts);
  async function* copies(): AsyncIterable<Uint8Array> {
    for (const chunk of chunksOf(parts)) yield chunk.slice();
  }
  return { size, stream: () => iterableStream(copies()), [PARTS]: parts };
}

/** Yields pieces of parts, in place. */
export function* chunksOf(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; at += CHUNK_BYTES) {
      yield part.subarray(at, at + CHUNK_BYTES);
    }
  }
}

/** Swaps the byte order of numbers of 2, 4 or 8 bytes in place. Bytes must be aligned. */
export function swapBytes({ buffer, byteOffset, byteLength }: Uint8Array, size: number): void {
  if (size === 2) {
    const pairs = new Uint16Array(buffer, byteOffset, byteLength >>> 1);
    for (let at = 0; at < pairs.length; at++) pairs[at] = pairs[at]! << 8 | pairs[at]! >>> 8;
    return;
  }
  const words = new Uint32Array(buffer, byteOffset, byteLength >>> 2);
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    words[at] = word << 24 | (word & 0xff00) << 8 | word >>> 8 & 0xff00 | word >>> 24;
  }
  if (size !== 8) return;
  for (let at = 0; at < words.length; at += 2) {
    const first = words[at]!;
    words[at] = words[at + 1]!;
    words[at + 1] = first;
  }
}
