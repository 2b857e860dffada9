// Bytes, as a file that holds just them.
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FileToSave } from "../core/materializer.ts";
import { onlyFile } from "./only_file.ts";
import { checkedStream } from "./stream.ts";
import { ownBytes, viewBytes } from "../formats/arrays/view_bytes.ts";

/**
 * Saves a `Uint8Array` as `data.bin`, and a `ReadableStream` as the bytes that it gives. Node's `Buffer` is a
 * `Uint8Array` with more methods: its bytes are saved, and come back as a `Uint8Array`. Other subclasses are not taken.
 * Of any other artifact of one file, `bytes().load(await registry.open(ref), {})` gives the bytes.
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

/** True for a `Uint8Array` or a `Buffer`, not for other subclasses: those would not come back as what they were. */
export function isBytes(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array)) return false;
  const prototype = Object.getPrototypeOf(value);
  const { Buffer } = globalThis as { Buffer?: { prototype: object } }; // a browser has none
  return prototype === Uint8Array.prototype ||
    (Buffer !== undefined && prototype === Buffer.prototype);
}
