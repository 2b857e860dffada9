// Metadata documents as text. Whole numbers above 2^53 are bigints.
import { isPlain, MAX_DEPTH } from "../../../core/text/plain_value.ts";
import { isJsonObject, parseJson } from "../../../core/text/json_text.ts";
import { corrupt, unsupported } from "../errors.ts";

/** A value of a document: JSON, with bigints for whole numbers that a double cannot hold. */
export type ZarrValue = null | boolean | number | bigint | string | ZarrValue[] | {
  [key: string]: ZarrValue;
};

/** A document, or attributes. */
export type ZarrObject = { [key: string]: ZarrValue };

/** Largest document, bytes. Consolidated metadata of many arrays can be large. */
const MAX_BYTES = 64 * 1024 * 1024;

export function parseDocument(key: string, bytes: Uint8Array): ZarrObject {
  if (bytes.byteLength > MAX_BYTES) {
    throw unsupported(key, `it has ${bytes.byteLength} bytes, ${MAX_BYTES} are allowed`);
  }
  let value: unknown;
  try {
    value = parseText(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw corrupt(key, "it is not JSON");
  }
  if (isDeeper(value, MAX_DEPTH)) {
    throw unsupported(key, `it is nested more than ${MAX_DEPTH} levels deep`);
  }
  if (isObject(value)) return value;
  throw corrupt(key, "it is not an object");
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1));
}

export function isObject(value: unknown): value is ZarrObject {
  return isJsonObject(value);
}

function parseText(text: string): unknown {
  if (!/\d{16}/.test(text)) return parseJson(text);
  return JSON.parse(text, (_, member, context?: { source?: string }) => {
    if (typeof member !== "number" || !Number.isInteger(member) || Number.isSafeInteger(member)) {
      return member;
    }
    return /^-?\d+$/.test(context?.source ?? "") ? BigInt(context!.source!) : member;
  });
}

/** Encodes a document with an indentation of two spaces. */
export function documentBytes(document: ZarrObject): Uint8Array {
  return new TextEncoder().encode(textOf(document, ""));
}

function textOf(value: ZarrValue, indent: string): string {
  if (typeof value === "bigint") return String(value);
  if (Object.is(value, -0)) return "-0.0";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((member) => typeof member !== "object")) {
      return `[${value.map((member) => textOf(member, inner)).join(", ")}]`;
    }
    return `[\n${value.map((member) => inner + textOf(member, inner)).join(",\n")}\n${indent}]`;
  }
  const members = Object.entries(value).map(([name, member]) =>
    `${inner}${JSON.stringify(name)}: ${textOf(member, inner)}`
  );
  return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n${indent}}`;
}

/** Returns true for attributes that JSON, extended with bigints, holds exactly. */
export function areAttributes(value: unknown): value is ZarrObject {
  return isObject(value) && isPlain(withoutBigints(value, 0));
}

function withoutBigints(value: unknown, depth: number): unknown {
  if (typeof value === "bigint" || Object.is(value, -0)) return 0;
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  if (Object.getPrototypeOf(value) === Array.prototype) {
    return (value as unknown[]).map((member) => withoutBigints(member, depth + 1));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, withoutBigints(member, depth + 1)]),
  );
}
