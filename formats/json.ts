/**
 * Plain data as JSON (RFC 8259), as other programs write and read it.
 *
 * @module
 */
import { fault, type RegistryError } from "../core/errors.ts";
import type { Format } from "./content/format.ts";
import { shown } from "../core/naming/names.ts";
import { parseJson } from "../core/text/json_text.ts";
import { isPlain, notPlain, plainProblem } from "../core/text/plain_value.ts";

/** Options of {@linkcode json}. */
export interface JsonOptions {
  /** Spaces of each step of indentation; 0 writes it in one line. @default 0 */
  indent?: number;
}

/**
 * JSON: strings, finite numbers, booleans, null, and arrays and plain objects of these. Anything else is `Unsupported`.
 * Numbers are read as JavaScript has them: whole ones above 2^53, and those above all that
 * JavaScript has, are `Unsupported`, so that none changes unseen.
 *
 * @example
 * ```ts
 * import { json } from "@holdfast/holdfast/formats";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(new TextDecoder().decode(json().encode({ depth: 12 }) as Uint8Array), '{"depth":12}');
 * assertThrows(() => json().encode({ depth: NaN }));
 * ```
 */
export function json({ indent = 0 }: JsonOptions = {}): Format<unknown> {
  return {
    id: "json",
    extensions: [".json"],
    mediaType: "application/json",
    accepts: (value) => isPlain(value),
    encode(value) {
      if (!isPlain(value)) {
        const hint =
          "JSON has strings, finite numbers, true, false, null, and arrays and plain objects of these.";
        throw notPlain("JSON", plainProblem(value)!, hint);
      }
      return new TextEncoder().encode(JSON.stringify(value, undefined, indent));
    },
    async decode(file) {
      return decodeText(file.path, await file.bytes());
    },
  };
}

function decodeText(path: string, bytes: Uint8Array): unknown {
  let text: string;
  let lossy: string | undefined;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw noJson(path, "it is not UTF-8", cause);
  }
  let value: unknown;
  try {
    if (!/\d{16}|[eE]\+?\d{3}/.test(text)) return parseJson(text);
    JSON.parse(text, (_, member, context?: { source?: string }) => {
      if (typeof member !== "number" || Number.isSafeInteger(member)) return member;
      const isInexact = Number.isInteger(member) && /^-?\d+$/.test(context?.source ?? "1");
      if (isInexact || !Number.isFinite(member)) lossy = context?.source ?? String(member);
      return member;
    });
    value = parseJson(text);
  } catch (error) { // its message would quote the text
    if (error instanceof RangeError) throw tooDeep(path);
    throw noJson(path, "it is not JSON");
  }
  if (lossy === undefined) return value;
  throw fault({
    code: "Unsupported",
    action: "load",
    subject: shown(path),
    state: `the number ${shown(lossy)} is too large to be read exactly`,
    hint: "Write it as a string, or read the text with loadText().",
    key: path,
  });
}

function tooDeep(path: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "load",
    subject: shown(path),
    state: "it is nested too deeply",
    hint: "Read the text with loadText().",
    key: path,
  });
}

function noJson(path: string, state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Corrupt",
    action: "load",
    subject: shown(path),
    state,
    hint: "Write it again, or read it as bytes.",
    key: path,
    cause,
  });
}
