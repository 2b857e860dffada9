// Decodes parsed JSON with tags. Runs nothing and touches no prototype.
import { fault, type RegistryError } from "../../core/errors.ts";
import { decodePart } from "./json_parts.ts";
import { MAX_DEPTH } from "../../core/text/plain_value.ts";
import { setMember, TAG } from "./json_tags.ts";
import { instantOf } from "../../core/text/iso_time.ts";
import { isJsonObject } from "../../core/text/json_text.ts";

/** Deepest nesting of JSON: a map adds three levels for each of its own. */
const MAX_JSON_DEPTH = 4 * MAX_DEPTH;

/**
 * Decodes parsed JSON, and changes it in place.
 *
 * @param files the content of the files beside it, by path
 * @throws {RegistryError} `Corrupt` for an invalid tag
 */
export function decodeJson(root: unknown, files: ReadonlyMap<string, Uint8Array>): unknown {
  function decode(node: unknown, depth: number): unknown {
    if (typeof node !== "object" || node === null) return node;
    if (depth > MAX_JSON_DEPTH) throw corrupt("it is nested too deeply");
    if (!Array.isArray(node)) {
      return Object.hasOwn(node, TAG)
        ? decodeTagged({ ...node }, depth)
        : decodeMembers(node, depth);
    }
    for (let i = 0; i < node.length; i++) node[i] = decode(node[i], depth + 1);
    return node;
  }

  function decodeMembers(node: object, depth: number): object {
    for (const [key, value] of Object.entries(node)) {
      const decoded = decode(value, depth + 1);
      if (decoded !== value) setMember(node, key, decoded);
    }
    return node;
  }

  function decodeTagged(tagged: Record<string, unknown>, depth: number): unknown {
    const { [TAG]: tag, value, length } = tagged;
    const kind = KINDS.get(tag);
    if (kind === undefined) return decodeFile(tagged);
    if (!kind.holds(value)) throw corrupt(`tag ${JSON.stringify(tag)} has an invalid value`);
    const inner = isJsonObject(value) ? decodeMembers(value, depth + 1) : decode(value, depth + 1);
    return kind.from(inner, length);
  }

  function decodeFile(tagged: Record<string, unknown>): unknown {
    const content = typeof tagged.file === "string" ? files.get(tagged.file) : undefined;
    const part = content === undefined ? undefined : decodePart(tagged, content);
    if (part !== undefined) return part;
    throw corrupt(`tag ${JSON.stringify(tagged[TAG])} is unknown or its file is missing`);
  }

  return decode(root, 0);
}

const NUMBERS = new Map<unknown, number>([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["-0", -0],
]);

interface Kind {
  holds(value: unknown): boolean;
  // deno-lint-ignore no-explicit-any -- it holds this value
  from(value: any, length: unknown): unknown;
}

const anything = () => true;

/** Tags without a file. */
const KINDS: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  ["undefined", { holds: anything, from: () => undefined }],
  ["number", { holds: (value) => NUMBERS.has(value), from: (name) => NUMBERS.get(name) }],
  ["bigint", { holds: isInteger, from: (digits) => BigInt(digits) }],
  ["date", { holds: anything, from: decodeDate }],
  ["map", { holds: isPairs, from: (pairs) => new Map(pairs) }],
  ["set", { holds: Array.isArray, from: (items) => new Set(items) }],
  ["sparse", { holds: isPairs, from: decodeSparse }],
  ["object", { holds: isJsonObject, from: (members) => members }],
  ["bare", { holds: isJsonObject, from: (members) => Object.setPrototypeOf(members, null) }],
]);

function decodeDate(value: unknown): Date {
  if (value === null) return new Date(NaN);
  const date = new Date(typeof value === "string" ? value : NaN);
  const isNone = typeof value === "string" && instantOf(value) === "invalid";
  if (Number.isNaN(date.getTime()) || isNone) throw corrupt("invalid date");
  return date;
}

function decodeSparse(entries: [unknown, unknown][], length: unknown): unknown[] {
  if (typeof length !== "number" || length !== length >>> 0) {
    throw corrupt("invalid length of a sparse array");
  }
  const array: unknown[] = [];
  array.length = length;
  for (const [index, value] of entries) {
    if (typeof index !== "number" || index !== index >>> 0 || index >= length) {
      throw corrupt("index of a sparse array out of range");
    }
    array[index] = value;
  }
  return array;
}

function isInteger(value: unknown): boolean {
  return typeof value === "string" && /^-?\d+$/.test(value);
}

function isPairs(value: unknown): value is [unknown, unknown][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}

function corrupt(state: string): RegistryError {
  const hint = "Save the value again, or load an older version.";
  return fault({ code: "Corrupt", action: "load data.json", state, hint });
}
