// JSON parsing that changes no number, and works around a bug of V8.
import { invalid, type RegistryError } from "../errors.ts";
import { exactNumber } from "./exact_number.ts";

const QUOTE = '"';
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses JSON. V8 may confuse escaped names of equal length after a name that ends with a backslash
 * (nodejs/node#63785), so members of such documents are parsed as array items.
 *
 * @throws {SyntaxError} for invalid JSON
 */
export function parseJson(text: string): unknown {
  const value = JSON.parse(text);
  return hasEscapedName(text) ? fromItems(JSON.parse(toItems(text))) : value;
}

/** Parses JSON, also as UTF-8; undefined if it is invalid. */
export function parsedJson(json: string | Uint8Array): unknown {
  try {
    return parseJson(typeof json === "string" ? json : UTF8.decode(json));
  } catch {
    return undefined;
  }
}

/** Numbers outside strings that may have too many digits, or an exponent out of range. */
const LONG_NUMBER = /(?:^|[\s:,[])-?(?:[\d.]{16}|[\d.]+[eE][+-]?\d{3})/;

/**
 * Parses JSON whose numbers must not change.
 *
 * @throws {RegistryError} `Invalid` for a number that would be rounded
 * @throws {SyntaxError} for invalid JSON
 */
export function parseExactJson(text: string): unknown {
  const value = parseJson(text);
  if (mayBeRounded(text)) checkNumbers(text);
  return value;
}

/** False if no number of a JSON text changes when it is parsed. */
export function mayBeRounded(text: string): boolean {
  return LONG_NUMBER.test(text);
}

/** Checks the numbers of valid JSON, with less memory than a reviver takes. */
function checkNumbers(json: string): void {
  const numbers = /-?\d[\d.]*(?:[eE][+-]?\d+)?|"/g;
  for (let match = numbers.exec(json); match !== null; match = numbers.exec(json)) {
    const [token] = match;
    if (token === QUOTE) numbers.lastIndex = endOfString(json, match.index) + 1;
    else if (exactNumber(token) === "inexact") throw inexact(token);
  }
}

function inexact(number: string): RegistryError {
  const shown = number.length > 40 ? `${number.slice(0, 40)}…` : number;
  return invalid("parse number", shown, "it would be rounded", { hint: "Pass it as a string." });
}

/** NaN and infinities as Python writes them, and strings, in which they are words. */
const NOT_FINITE = /"[^"\\]*(?:\\[^]?[^"\\]*)*"?|-?\b(?:NaN|Infinity)\b(?!\s*:)/g;

/** Puts NaN and infinities of a text, which are not JSON, in quotes. Adds no lines. */
export function quoteNotFinite(text: string): string {
  if (!/NaN|Infinity/.test(text)) return text;
  return text.replace(
    NOT_FINITE,
    (token) => token.startsWith(QUOTE) ? token : `"${token.replace("-N", "N")}"`,
  );
}

/** True for values that are JSON objects: no arrays, no primitive values. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True if a JSON text has at most `most` brackets, in strings too, so limited depth. */
export function opensFew(json: string, most: number): boolean {
  let few = most;
  for (const bracket of "{[") {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) {
      if (--few < 0) return false;
    }
  }
  return true;
}

/** Returns the index of the quote that ends the string starting at `start`. */
export function endOfString(json: string, start: number): number {
  for (let end = json.indexOf(QUOTE, start + 1);; end = json.indexOf(QUOTE, end + 1)) {
    let slashes = 0;
    while (json[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end;
  }
}

function skipSpace(json: string, at: number): number {
  while (json.charCodeAt(at) <= 32) at++; // not NaN, at the end
  return at;
}

function hasEscapedName(json: string): boolean {
  let slash = json.indexOf("\\");
  if (slash < 0) return false;
  for (let at = json.indexOf(QUOTE); at >= 0; at = json.indexOf(QUOTE, at + 1)) {
    const end = endOfString(json, at);
    if (slash >= 0 && slash < at) slash = json.indexOf("\\", at);
    if (slash < 0) return false;
    if (slash < end && json[skipSpace(json, end + 1)] === ":") return true;
    at = end;
  }
  return false;
}

/** Rewrites `{"a":[1]}` as `[true,"a",[false,1]]`. */
function toItems(json: string): string {
  const pieces: string[] = [];
  let from = 0;
  function replace(at: number, piece: string): void {
    pieces.push(json.slice(from, at), piece);
    from = at + 1;
  }

  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === QUOTE) at = endOfString(json, at);
    else if (char === ":") replace(at, ",");
    else if (char === "}") replace(at, "]");
    else if (char === "{" || char === "[") {
      const next = json[skipSpace(json, at + 1)];
      replace(at, `[${char === "{"}${next === "}" || next === "]" ? "" : ","}`);
    }
  }
  return pieces.join("") + json.slice(from);
}

function fromItems(item: unknown): unknown {
  if (!Array.isArray(item)) return item;
  if (item[0] === false) return item.slice(1).map(fromItems);
  const entries: [string, unknown][] = [];
  for (let at = 1; at < item.length; at += 2) entries.push([item[at], fromItems(item[at + 1])]);
  return Object.fromEntries(entries);
}

/** Encodes plain data as JSON with sorted keys: equal values give equal strings. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, member) =>
      isJsonObject(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0))
        : member,
  ) ?? "null";
}
