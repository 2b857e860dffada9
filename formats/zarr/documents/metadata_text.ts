// The documents of metadata as text. Numbers are kept exactly: whole ones above 2^53 are bigints.
import { isPlain, MAX_DEPTH } from "../../../core/text/plain_value.ts";
import { isJsonObject, parseJson } from "../../../core/text/json_text.ts";
import { corruptZarr, unsupportedZarr } from "../errors.ts";

/** What a document holds: what JSON says, and bigints for whole numbers that a double does not hold exactly. */
export type ZarrValue = null | boolean | number | bigint | string | ZarrValue[] | {
  [key: string]: ZarrValue;
};

/** A document, or attributes: by name. */
export type ZarrObject = { [key: string]: ZarrValue };

/** Largest document that is read, bytes: 64 MiB. Consolidated metadata of many arrays is one. */
const MAX_BYTES = 64 * 1024 * 1024;

export function parseDocument(key: string, bytes: Uint8Array): ZarrObject {
  if (bytes.byteLength > MAX_BYTES) {
    throw unsupportedZarr(key, `it has ${bytes.byteLength} bytes, ${MAX_BYTES} are read`);
  }
  let value: unknown;
  try {
    value = parseText(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw corruptZarr(key, "it is not JSON");
  }
  if (isDeeper(value, MAX_DEPTH)) {
    throw unsupportedZarr(key, `it is nested more than ${MAX_DEPTH} levels deep`);
  }
  if (isObject(value)) return value;
  throw corruptZarr(key, "it is no object");
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeper(member, depth - 1));
}

/** True for what is neither an array nor a plain value. */
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

/** The bytes of a document, with two spaces of indentation. */
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

/** True for attributes that JSON holds exactly; bigints are numbers here. */
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
