/**
 * Text as it is.
 *
 * @module
 */
import { fault } from "../core/errors.ts";
import type { Format } from "./content/format.ts";
import { shown } from "../core/naming/names.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Strings as `.txt` and `.md` files of UTF-8. A mark at the beginning is a character like others, and line breaks stay
 * as they are.
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
      throw fault({
        code: "Unsupported",
        action: "save as text",
        state: "it is no string, or one with a lone surrogate, which UTF-8 cannot express",
        hint:
          "Turn it into a well-formed string first (toWellFormed), or save it in another format.",
      });
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      signal?.throwIfAborted();
      try {
        return decoder.decode(bytes);
      } catch (cause) {
        throw fault({
          code: "Corrupt",
          action: "read text",
          subject: shown(file.path),
          state: "it is not UTF-8",
          hint: "Turn it into UTF-8, or read its bytes.",
          cause,
        });
      }
    },
  };
}
