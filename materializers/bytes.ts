// Bytes as one file.
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FileToSave } from "../core/materializer.ts";
import { onlyFile } from "./only_file.ts";
import { checkedStream } from "./stream.ts";
import { ownBytes, viewBytes } from "../formats/arrays/view_bytes.ts";

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
    save: (value: Uint8Array | ReadableStream): FileToSave[] => [{
      path: "data.bin",
      content: value instanceof ReadableStream ? checkedStream(value) : viewBytes(value),
      mediaType: "application/octet-stream",
    }],
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
