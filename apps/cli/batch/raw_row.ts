// A row of a manifest, and its fields, checked.
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { parseExactJson } from "../values/value_source.ts";

export type ManifestFormat = "jsonl" | "csv";

/** A row as it is written: its fields, or why it cannot be read. */
export interface RawRow {
  /** Line of the file on which it ends, from 1. */
  line: number;
  fields?: Record<string, unknown>;
  error?: RegistryError;
}

export function badRow(state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read a row",
    state,
    hint: "Mend it and run the same again. The command's --help says what a row holds.",
    cause,
  });
}

/**
 * What a field holds: a text, a list of texts, true or false, any value of JSON, an object, or one of some words. An
 * `ignored` one is not looked at. In CSV a list is JSON, or one text.
 */
export type FieldKind =
  | "text"
  | "texts"
  | "flag"
  | "json"
  | "object"
  | "ignored"
  | readonly string[];

/** The fields of a row that are known, each of its kind; throws `Invalid` for others. */
export function fieldsOf<T>(
  row: RawRow,
  kinds: Readonly<Record<string, FieldKind>>,
  format: ManifestFormat,
): Partial<T> {
  if (row.error !== undefined) throw row.error;
  const { fields = {} } = row;
  const unknown = Object.keys(fields).find((field) => !Object.hasOwn(kinds, field));
  if (unknown !== undefined) {
    const known = Object.keys(kinds).filter((name) => kinds[name] !== "ignored");
    throw badRow(`${JSON.stringify(unknown)} is not one of ${known.join(", ")}`);
  }
  const checked: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(kinds)) { // in this order, whatever that of the row is
    if (kind === "ignored" || !Object.hasOwn(fields, field)) continue;
    const written = fields[field];
    const value = format === "csv" && isJson(kind, written as string)
      ? parseCell(field, written as string)
      : written;
    const problem = problemOf(value, kind);
    if (problem !== undefined) throw badRow(`${field} is not ${problem}`);
    checked[field] = value;
  }
  return checked as Partial<T>;
}

function isJson(kind: FieldKind, cell: string): boolean {
  return kind === "json" || kind === "object" || kind === "flag" ||
    (kind === "texts" && cell.startsWith("["));
}

function parseCell(field: string, text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (cause) {
    throw badRow(`${field} is not JSON (${(cause as Error).message})`, cause);
  }
}

function problemOf(value: unknown, kind: FieldKind): string | undefined {
  if (kind === "text") return typeof value === "string" && value !== "" ? undefined : "a text";
  if (kind === "texts") {
    return [value].flat().every((text) => typeof text === "string") ? undefined : "a list of texts";
  }
  if (kind === "flag") return typeof value === "boolean" ? undefined : "true or false";
  if (kind === "object") {
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? undefined
      : "a JSON object";
  }
  if (kind === "json" || kind === "ignored") return undefined;
  return kind.includes(value as string) ? undefined : `one of ${kind.join(", ")}`;
}
