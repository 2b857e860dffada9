/**
 * Plain text.
 * Text as it is.
 *
 * @module
 */
import { corruptFile, unwritable } from "./content/file_faults.ts";
import type { Format } from "./content/format.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const corrupt = corruptFile("text", "Convert it to UTF-8, or read its bytes.");

/**
 * Strings as `.txt` and `.md` files in UTF-8. A byte order mark and line breaks are kept.
 *
 * @example
 * ```ts
 * import { text } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(text().encode("déjà vu\n"), new TextEncoder().encode("déjà vu\n"));
 * ```
 */
export function text(): Format<string> {
  return {
    id: "text",
    extensions: [".txt", ".md"],
    mediaType: "text/plain",
    accepts: (value) => typeof value === "string" && value.isWellFormed(),
    encode(value) {
      if (typeof value === "string" && value.isWellFormed()) return encoder.encode(value);
      throw unwritable(
        "text",
        "it is not a string, or contains a lone surrogate, which UTF-8 cannot encode",
        "Make it a well-formed string first (toWellFormed), or save it in another format.",
      );
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      signal?.throwIfAborted();
      try {
        return decoder.decode(bytes);
      } catch (cause) {
        throw corrupt(file.path, "text is not UTF-8", cause);
      }
    },
  };
}
