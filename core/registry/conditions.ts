// Conditions of listings: `metadata.epochs > 3 and kind = json`. They only compare values.
import type { ArtifactInfo } from "../artifact.ts";
import { fault, type RegistryError } from "../errors.ts";
import { byteSize } from "../text/byte_size.ts";
import { comparing, comparingText, comparingVersions, valueAt } from "../text/comparing.ts";
import type { Comparison } from "../text/comparing.ts";
import { isDecimal } from "../text/decimals.ts";
import { instantOf } from "../text/iso_time.ts";

export interface Condition {
  (info: ArtifactInfo): boolean;
  /** Fields of metadata and labels that are compared with numbers. */
  readonly numberFields: readonly string[];
}

/** Longer conditions would take long to parse. */
const MAX_CHARACTERS = 4_000;
/** Unsupported joins, outside quotes. */
const OTHER_JOIN = /\s(or|\|\||&&)\s/i;
/** A field, whose keys may be quoted, an operator and a value. */
const TERM = /^\s*((?:[^\s=!<>'"]|'[^']*'|"[^"]*")+)\s*(==|!=|>=|<=|=|>|<)\s*((?![=<>!]).*?)\s*$/s;

/**
 * Parses comparisons of `name`, `version`, `kind`, `size`, `metadata.KEY` or `labels.KEY` (nested
 * with dots), joined by `and`. Strings, and keys with spaces, may be quoted: `metadata."F1 score"`.
 * Sizes may have a unit: `size >= 10MiB`. Metadata and labels are compared by value: also numbers
 * and times that are text.
 */
export function parseCondition(text: string): Condition {
  const terms = termsOf(text);
  const odd = terms.find(({ wanted }) => instantOf(wanted) === "invalid");
  if (odd === undefined) return allOf(terms);
  throw invalidCondition(text, `there is no date ${JSON.stringify(odd.wanted)}`);
}

/** {@linkcode parseCondition} of a stored rule: earlier releases took dates that do not exist. */
export function parseStoredCondition(text: string): Condition {
  return allOf(termsOf(text));
}

function allOf(terms: readonly Term[]): Condition {
  const numberFields = terms.flatMap(({ field, wanted }) =>
    field.includes(".") && isDecimal(wanted) ? [field] : []
  );
  const meets = (info: ArtifactInfo) => terms.every((term) => term.meets(info));
  return Object.assign(meets, { numberFields });
}

function termsOf(text: string): Term[] {
  if (text.length > MAX_CHARACTERS) {
    throw invalidCondition(`${text.slice(0, 20)}…`, `longer than ${MAX_CHARACTERS} characters`);
  }
  return text.split(/\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/i).map((term) =>
    parseTerm(term, text)
  );
}

interface Term {
  readonly field: string;
  readonly wanted: string;
  meets(info: ArtifactInfo): boolean;
}

function parseTerm(term: string, whole: string): Term {
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
  const bound = field === "size" ? String(sizeIn(wanted, whole)) : wanted;
  const meets = testOf(field, comparison, bound);
  return { field, wanted, meets: (info) => meets(read(info)) };
}

function testOf(
  field: string,
  comparison: Comparison,
  wanted: string,
): (value: unknown) => boolean {
  const isText = field === "name" || field === "kind" || field === "by";
  if (field !== "version" && !isText) return comparing(comparison, wanted);
  return (isText ? comparingText : comparingVersions)(comparison, wanted) as (
    value: unknown,
  ) => boolean;
}

/** Returns a function that reads a field that conditions compare, or undefined for another. */
export function fieldReader(field: string): ((info: ArtifactInfo) => unknown) | undefined {
  if (field === "name" || field === "version" || field === "size") return (info) => info[field];
  if (field === "by") return ({ by }) => by?.name;
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
    "Compare name, version, kind, size, by, metadata.KEY or labels.KEY by = != > >= < <=, joined " +
    "by and: 'metadata.epochs > 3 and size < 10MiB'.";
  const subject = JSON.stringify(text);
  return fault({ code: "Invalid", action: "parse condition", subject, state, hint });
}
