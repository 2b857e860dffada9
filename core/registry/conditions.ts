// Conditions of listings: `metadata.epochs > 3 and kind = json`. They only compare values.
import type { ArtifactInfo } from "../artifact.ts";
import { fault, type RegistryError } from "../errors.ts";
import { byteSize } from "../text/byte_size.ts";
import { comparing, comparingVersions, type Comparison, valueAt } from "../text/comparing.ts";

export type Condition = (info: ArtifactInfo) => boolean;

/** Longer conditions would take long to parse. */
const MAX_CHARACTERS = 4_000;
/** Unsupported joins, outside quotes. */
const OTHER_JOIN = /\s(or|\|\||&&)\s/i;
/** A field, whose keys may be quoted, an operator and a value. */
const TERM = /^\s*((?:[^\s=!<>'"]|'[^']*'|"[^"]*")+)\s*(==|!=|>=|<=|=|>|<)\s*((?![=<>!]).*?)\s*$/s;

/**
 * Parses comparisons of `name`, `version`, `kind`, `size`, `metadata.KEY` or `labels.KEY` (nested
 * with dots), joined by `and`. Strings, and keys with spaces, may be quoted: `metadata."F1 score"`.
 * Sizes may have a unit: `size >= 10MiB`.
 */
export function parseCondition(text: string): Condition {
  if (text.length > MAX_CHARACTERS) {
    throw invalidCondition(`${text.slice(0, 20)}…`, `longer than ${MAX_CHARACTERS} characters`);
  }
  const terms = text.split(/\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/i).map((term) =>
    parseTerm(term, text)
  );
  return (info) => terms.every((meets) => meets(info));
}

function parseTerm(term: string, whole: string): Condition {
  const [, typedField, sign, typed = ""] = TERM.exec(term) ?? [];
  const wanted = typed.replace(/^(['"])(.*)\1$/s, "$2");
  if (typedField === undefined || typed === "") {
    throw invalidCondition(whole, "expected a comparison such as metadata.epochs > 3");
  }
  const field = typedField.replace(/(['"])(.*?)\1/gs, "$2");
  const join = wanted === typed ? OTHER_JOIN.exec(typed)?.[1] : undefined;
  if (join !== undefined) {
    throw invalidCondition(whole, `only "and" joins comparisons, not ${join}; quote strings`);
  }
  const comparison = (sign === "==" ? "=" : sign) as Comparison;
  const read = fieldReader(field);
  if (read === undefined) throw invalidCondition(whole, `unknown field ${JSON.stringify(field)}`);
  const meets = field === "version"
    ? comparingVersions(comparison, wanted) as (value: unknown) => boolean
    : comparing(comparison, field === "size" ? String(sizeIn(wanted, whole)) : wanted);
  return (info) => meets(read(info));
}

/** Returns a function that reads a field that conditions compare, or undefined for another. */
export function fieldReader(field: string): ((info: ArtifactInfo) => unknown) | undefined {
  if (field === "name" || field === "version" || field === "size") return (info) => info[field];
  if (field === "kind") return ({ materializer }) => materializer.id;
  const [, of, path = ""] = /^(metadata|labels)\.(.+)$/s.exec(field) ?? [];
  if (of === "metadata") return ({ metadata }) => valueAt(metadata, path);
  if (of === "labels") return ({ annotations }) => valueAt(annotations?.labels, path);
}

function sizeIn(text: string, whole: string): number {
  const bytes = byteSize(text);
  if (bytes === undefined) throw invalidCondition(whole, `${JSON.stringify(text)} is not a size`);
  return bytes;
}

function invalidCondition(text: string, state: string): RegistryError {
  const hint =
    "Compare name, version, kind, size, metadata.KEY or labels.KEY by = != > >= < <=, joined by " +
    "and: 'metadata.epochs > 3 and size < 10MiB'.";
  const subject = JSON.stringify(text);
  return fault({ code: "Invalid", action: "parse condition", subject, state, hint });
}
