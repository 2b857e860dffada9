// Bytes as one file: of arrays, buffers and streams.
import { plainBytes } from "../core/bytes/bytes.ts";
import { invalid } from "../core/errors.ts";
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FileToSave } from "../core/materializer.ts";
import { ownBytes, viewBytes } from "../formats/arrays/view_bytes.ts";
import { onlyFile } from "./only_file.ts";

function dataFile(content: FileToSave["content"]): FileToSave[] {
  return [{ path: "data.bin", content, mediaType: "application/octet-stream" }];
}

/**
 * Saves a `Uint8Array`, or the bytes of a `ReadableStream`, as `data.bin`. The bytes of a Node
 * `Buffer` are loaded as a `Uint8Array`; other subclasses are refused. Loads the bytes of any
 * artifact of one file: `bytes().load(await registry.open(ref), {})`.
 */
export function bytes(): ClassMaterializer<Uint8Array> {
  return defineMaterializer<Uint8Array>({
    id: "bytes",
    reopen: { module: import.meta.url, name: "bytes" },
    accepts: (value) => isBytes(value) || value instanceof ReadableStream,
    save: (value: Uint8Array | ReadableStream) =>
      dataFile(value instanceof ReadableStream ? checkedStream(value) : viewBytes(value)),
    load: async (artifact) => ownBytes(await onlyFile(artifact).bytes()),
  });
}

/** Returns true for a `Uint8Array` or a `Buffer`; other subclasses would change their class. */
export function isBytes(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array)) return false;
  const prototype = Object.getPrototypeOf(value);
  const { Buffer } = globalThis as { Buffer?: { prototype: object } }; // missing in browsers
  return prototype === Uint8Array.prototype ||
    (Buffer !== undefined && prototype === Buffer.prototype);
}

/** Saves an `ArrayBuffer` as `data.bin`. */
export function arrayBuffer(): ClassMaterializer<ArrayBuffer> {
  return defineMaterializer<ArrayBuffer>({
    id: "array-buffer",
    reopen: { module: import.meta.url, name: "arrayBuffer" },
    accepts: isArrayBuffer,
    save: (value) => dataFile(viewBytes(value)),
    load: async (artifact) => ownBytes(await onlyFile(artifact).bytes()).buffer,
  });
}

/** Returns true for an `ArrayBuffer`, false for a subclass. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return value instanceof ArrayBuffer && Object.getPrototypeOf(value) === ArrayBuffer.prototype;
}

/**
 * Saves a `ReadableStream` of bytes, and loads bytes as one, with bounded memory. The stream fails
 * with `Corrupt` at its end if stored bytes are damaged.
 *
 * Streams share the id and the files of `bytes()`, so equal content has an equal digest, and a
 * load without `{ as: stream() }` returns a `Uint8Array`. The default set has `bytes()` for both.
 */
export function stream(): ClassMaterializer<ReadableStream<Uint8Array>> {
  return defineMaterializer<ReadableStream<Uint8Array>>({
    id: "bytes",
    class: ReadableStream,
    save: (value) => dataFile(checkedStream(value)),
    load: (artifact) => onlyFile(artifact).stream(),
  });
}

/** Returns a stream that fails at a chunk that is not bytes. */
function checkedStream(value: ReadableStream): ReadableStream<Uint8Array> {
  if (value.locked) {
    throw invalid("save stream", undefined, "it is locked", {
      hint: "Save one branch of stream.tee(), or release the reader.",
    });
  }
  const reader = value.getReader();
  return new ReadableStream({
    async pull(controller) {
      const next = await reader.read();
      if (next.done) return controller.close();
      try {
        controller.enqueue(plainBytes(next.value));
      } catch (error) {
        await reader.cancel(error).catch(() => {}); // the first error is thrown
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason), // also while a read is pending
  }, { highWaterMark: 0 });
}
