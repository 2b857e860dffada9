/**
 * Files as raw bytes.
 *
 * @module
 */
import { unsupported } from "../core/errors.ts";
import { isRawContent, type RawContent } from "./content/content.ts";
import type { Format } from "./content/format.ts";

export type { RawContent };

/**
 * Raw bytes: a `Uint8Array`, a `Blob`, a stream of bytes, or a source with `size` and `stream()`
 * such as an open file of another store. Read back as a `Uint8Array`. File stores use it for
 * unknown extensions, or on request.
 */
export function bytes(): Format<Uint8Array, RawContent> {
  return {
    id: "bytes",
    extensions: [".bin", ".raw"],
    mediaType: "application/octet-stream",
    accepts: isRawContent,
    encode(value) {
      if (isRawContent(value)) return value;
      const state = "it is not a Uint8Array, Blob, stream or source of bytes";
      const hint =
        'Use a path with the extension of its format (.npy, .json, .txt), or { as: "json" }.';
      throw unsupported("save value as bytes", undefined, state, { hint });
    },
    decode: (file) => file.bytes(),
  };
}
