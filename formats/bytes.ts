/**
 * Files as the bytes that they are.
 *
 * @module
 */
import { fault } from "../core/errors.ts";
import type { Format } from "./content/format.ts";
import type { FileSource, FileToSave } from "../core/materializer.ts";

/** What can be written as it is. */
export type RawContent = FileToSave["content"];

/**
 * Bytes: a `Uint8Array`, a `Blob`, a stream of bytes, or what has a `size` and gives a `stream()`, as a file of another
 * store does that was opened. Read back as a `Uint8Array`. Of files with an extension that no other format has, and of
 * any where it is asked for.
 */
export function bytes(): Format<Uint8Array, RawContent> {
  return {
    id: "bytes",
    extensions: [".bin", ".raw"],
    mediaType: "application/octet-stream",
    accepts: isRaw,
    encode(value) {
      if (isRaw(value)) return value;
      throw fault({
        code: "Unsupported",
        action: "save the value as bytes",
        state: "it is no Uint8Array, Blob, stream or source of bytes",
        hint:
          'Take a path whose extension says what it is, such as .npy, .json or .txt, or name it: { as: "json" }.',
      });
    },
    decode: (file) => file.bytes(),
  };
}

function isRaw(value: unknown): value is RawContent {
  return value instanceof Uint8Array || value instanceof Blob || value instanceof ReadableStream ||
    isSource(value);
}

function isSource(value: unknown): value is FileSource {
  const { size, stream } = (value ?? {}) as Partial<FileSource>;
  return Number.isSafeInteger(size) && size! >= 0 && typeof stream === "function";
}
