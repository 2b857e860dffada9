// Search queries: words, and filters such as `metadata.epochs>3`.
import { fault, type RegistryError } from "../../../core/errors.ts";
import { comparing, comparingVersions, valueAt } from "../../../core/text/comparing.ts";
import type { Comparison } from "../../../core/text/comparing.ts";
import { termsOf } from "../../../core/text/terms.ts";

export interface SearchedVersion {
  readonly name: string;
  readonly version: string;
  readonly aliases: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, unknown>>;
  readonly notes?: string;
  /** The id of the materializer. */
  readonly kind: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export type SearchQuery = (found: SearchedVersion, text: string) => boolean;

const FIELD = /name|version|alias|kind|created|(?:metadata|labels)\.(?:[^\s=!<>"]|"[^"]*")+/;
const FILTER = new RegExp(`^(${FIELD.source})(!=|>=|<=|=|>|<)(.*)$`, "s");
/** A filter by another field. */
const OTHER_FILTER = /^([A-Za-z_][\w.-]*)(?:!=|>=|<=|=|>|<)/;
const MOST_TERMS = 20;

/**
 * Parses a query of terms between spaces, all of which must match. A word matches if it is part of
 * the name, the version, an alias, the notes, or a value of metadata or labels, ignoring case. A
 * filter compares `name`, `version`, `alias`, `kind`, `created` (the beginning of an ISO date),
 * `metadata.KEY` or `labels.KEY` (with dots for nested keys) by `= != > >= < <=`. Keys with spaces
 * are quoted: `metadata."F1 score">0.9`. `"two words"` is one term, and a term that begins with a
 * quote is a word.
 *
 * @throws {RegistryError} `Invalid` for more than 20 terms, another field, or an empty bound
 */
export function parseQuery(query: string): SearchQuery {
  const terms = termsOf(query);
  if (terms.length > MOST_TERMS) {
    throw invalid(`there are ${terms.length} terms`, `Use at most ${MOST_TERMS} terms.`);
  }
  const tests = terms.map(parseTerm);
  return (found, text) => tests.every((test) => test(found, text));
}

export function searchText(found: SearchedVersion): string {
  const { name, version, aliases, metadata, labels = {}, notes = "" } = found;
  return [name, version, ...aliases, ...valuesOf(metadata), ...valuesOf(labels), notes].join("\n")
    .toLowerCase();
}

function parseTerm(term: string): SearchQuery {
  const bare = term.replaceAll('"', "");
  const [field, comparison, wanted = ""] = term.startsWith('"')
    ? []
    : FILTER.exec(term)?.slice(1).map((part) => part.replaceAll('"', "")) ?? [];
  if (field === undefined) {
    const [, other] = OTHER_FILTER.exec(term) ?? [];
    if (other !== undefined) {
      throw invalid(
        `${
          JSON.stringify(other)
        } is not one of name, version, alias, kind, created, metadata.KEY and labels.KEY`,
        `Write metadata.${term}, or quote a word: "${bare}".`,
      );
    }
    const word = bare.toLowerCase();
    return (_found, text) => text.includes(word);
  }
  if (wanted === "" && comparison !== "=" && comparison !== "!=") {
    throw invalid(
      `${JSON.stringify(term)} has no value`,
      "Write a value, as in metadata.epochs>3.",
    );
  }
  const how = comparison as Comparison;
  if (field === "version") {
    const compare = comparingVersions(how, wanted);
    return ({ version }) => compare(version);
  }
  const compare = comparing(how, wanted);
  if (field === "alias") {
    return ({ aliases }) => how === "!=" ? aliases.every(compare) : aliases.some(compare);
  }
  if (field === "name") return ({ name }) => compare(name);
  if (field === "kind") return ({ kind }) => compare(kind);
  if (field === "created") return ({ createdAt }) => compare(createdAt.slice(0, wanted.length));
  const of = field.startsWith("labels.") ? "labels" : "metadata";
  const path = field.slice(of.length + 1);
  return (found) => compare(valueAt(found[of], path));
}

function* valuesOf(value: unknown): Generator<string> {
  if (typeof value === "object" && value !== null) {
    for (const each of Object.values(value)) yield* valuesOf(each);
  } else if (value !== null) yield String(value);
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "search", state, hint });
}
