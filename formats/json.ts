/**
 * Plain data as JSON (RFC 8259), as other programs write and read it.
 *
 * @module
 */
import { fault } from "../core/errors.ts";
import { notPlain } from "./content/not_plain.ts";
import { decodeUtf8 } from "./content/text_stream.ts";
import type { Format } from "./content/format.ts";
import { shown } from "../core/naming/names.ts";
import { exactNumber } from "../core/text/exact_number.ts";
import { parseJson } from "../core/text/json_text.ts";
import { isPlain, plainProblem } from "../core/text/plain_value.ts";

/**
 * Plain data as JSON: strings, finite numbers, booleans, null, and arrays and plain objects of
 * these. Anything else is `Unsupported`, and so are stored numbers that JavaScript cannot
 * represent: integers above 2^53 that it rounds, and numbers above its maximum.
 *
 * @example
 * ```ts
 * import { json } from "@holdfast/holdfast/formats";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const bytes = json().encode({ depth: 12 }) as Uint8Array;
 * assertEquals(new TextDecoder().decode(bytes), '{"depth":12}');
 * assertThrows(() => json().encode({ depth: NaN }));
 * ```
 */
export function json(): Format<unknown> {
  return {
    id: "json",
    extensions: [".json"],
    mediaType: "application/json",
    accepts: (value) => isPlain(value),
    encode(value) {
      if (!isPlain(value)) {
        const hint =
          "Use strings, finite numbers, true, false, null, and arrays and plain objects of these.";
        throw notPlain("JSON", plainProblem(value)!, hint);
      }
      return new TextEncoder().encode(JSON.stringify(value));
    },
    async decode(file) {
      return parse(file.path, await file.bytes());
    },
  };
}

function parse(path: string, bytes: Uint8Array): unknown {
  const failed = (code: "Corrupt" | "Unsupported", state: string, hint: string, cause?: unknown) =>
    fault({ code, action: "load", subject: shown(path), state, hint, key: path, cause });
  const corrupt = (state: string, cause?: unknown) =>
    failed("Corrupt", state, "Write it again, or read it as bytes.", cause);
  const text = decodeUtf8(bytes, corrupt);
  let lossy: string | undefined;
  let value: unknown;
  try {
    if (!/\d{16}|[eE]\+?\d{3}/.test(text)) return parseJson(text);
    JSON.parse(text, (_, member, context?: { source?: string }) => {
      if (typeof member !== "number" || Number.isSafeInteger(member)) return member;
      const source = context?.source ?? String(member);
      const isInexact = /^-?\d+$/.test(source) && exactNumber(source) === "inexact";
      if (isInexact || !Number.isFinite(member)) lossy = source;
      return member;
    });
    value = parseJson(text);
  } catch (error) { // its message would quote the text
    if (!(error instanceof RangeError)) throw corrupt("it is not JSON");
    throw failed("Unsupported", "it is nested too deeply", "Read the text with loadText().");
  }
  if (lossy === undefined) return value;
  throw failed(
    "Unsupported",
    `the number ${shown(lossy)} is too large to be read exactly`,
    "Write it as a string, or read the text with loadText().",
  );
}
