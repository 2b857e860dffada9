// `ArrayBuffer`s as one file.
import { type ClassMaterializer, defineMaterializer } from "../core/materializer.ts";
import { onlyFile } from "./only_file.ts";
import { ownBytes, viewBytes } from "../formats/arrays/view_bytes.ts";

/** Saves an `ArrayBuffer` as `data.bin`. */
export function arrayBuffer(): ClassMaterializer<ArrayBuffer> {
  return defineMaterializer<ArrayBuffer>({
    id: "array-buffer",
    reopen: { module: import.meta.url, name: "arrayBuffer" },
    accepts: isArrayBuffer,
    save: (value) => {
      const mediaType = "application/octet-stream";
      return [{ path: "data.bin", content: viewBytes(value), mediaType }];
    },
    load: async (artifact) => ownBytes(await onlyFile(artifact).bytes()).buffer,
  });
}

/** Returns true for an `ArrayBuffer`, false for a subclass. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return value instanceof ArrayBuffer && Object.getPrototypeOf(value) === ArrayBuffer.prototype;
}
