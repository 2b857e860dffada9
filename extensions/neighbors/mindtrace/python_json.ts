// JSON as Python writes it: with NaN, infinities, and integers of any size.
import { parseJson } from "../../../core/kernel.ts";
import { decodeJson } from "../../../materializers/json/decode_json.ts";
import { TAG } from "../../../materializers/json/json_tags.ts";

/** Strings are matched whole, so that nothing in them is taken for a number. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/**
 * Parses a text of Python's `json` module. Integers over 2^53 are `bigint`.
 *
 * @throws {SyntaxError} for anything else
 */
export function parsePythonJson(text: string): unknown {
  let isTagged = false;
  const tagged = (tag: string, value: string) => {
    isTagged = true;
    return JSON.stringify({ [TAG]: tag, value });
  };
  const json = text.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token;
    if (/[IN]/.test(token)) return tagged("number", token);
    const isLarge = /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));
    return isLarge ? tagged("bigint", token) : token;
  });
  if (!isTagged) return parseJson(text);
  if (text.includes(`"${TAG}"`)) {
    // deno-lint-ignore holdfast/registry-errors -- what JSON.parse throws
    throw new SyntaxError(`it has both the key ${TAG} and such numbers`);
  }
  return decodeJson(parseJson(json), new Map());
}

/**
 * Returns the text that Python's `json` module reads as this value; undefined for a value that it
 * cannot represent.
 *
 * @param isFloat writes `1` as `1.0`
 */
export function toPythonJson(value: unknown, isFloat = false): string | undefined {
  const text = textOf(value);
  return isFloat && text !== undefined && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Object.is(value, -0) ? "-0.0" : String(value);
    case "bigint":
      return String(value);
    case "string":
      return asciiText(JSON.stringify(value));
    case "boolean":
      return String(value);
    case "object":
      return value === null ? "null" : containerText(value);
  }
}

function containerText(value: object): string | undefined {
  if (value instanceof Set) return containerText([...value]);
  const isArray = Array.isArray(value);
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const parts: string[] = [];
  for (const [key, item] of isArray ? value.entries() : Object.entries(value)) {
    const text = textOf(item);
    if (text === undefined) return undefined;
    parts.push(isArray ? text : `${asciiText(JSON.stringify(key))}: ${text}`);
  }
  return isArray ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`;
}

/** Escapes what Python escapes by default. */
function asciiText(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
