// Search queries: words, and filters such as `metadata.epochs>3`.
import { fault, type RegistryError } from "../../../core/errors.ts";
import { valueAt } from "../../../core/text/comparing.ts";
import { isDecimal } from "../../../core/text/decimals.ts";
import {
  type Facts,
  FIELD_NAMES,
  fieldOf,
  testOf,
} from "../../../core/registry/conditions/fields.ts";
import {
  type Comparing,
  isOr,
  testOfAll,
  type Token,
} from "../../../core/registry/conditions/tokens.ts";
import { instantOf } from "../../../core/text/iso_time.ts";
import { parseTerms } from "./terms.ts";

export interface SearchedVersion extends Facts {
  readonly aliases: readonly string[];
  readonly notes?: string;
}

interface SearchQuery {
  (found: SearchedVersion, text: string): boolean;
  /** Fields that are compared. No other member of a version is read, if there are no words. */
  readonly fields: readonly string[];
  /** Words in lowercase. Only they need the text. */
  readonly words: readonly string[];
  /** Those that each match has: none beside `or`. */
  readonly neededWords: readonly string[];
  /** Fields of metadata and labels that are compared with numbers. */
  readonly numberFields: readonly string[];
  /** True if all terms match that compare no number. */
  matchesOthers(found: SearchedVersion, text: string): boolean;
}

const MOST_TERMS = 20;

/**
 * Parses a query of terms between spaces, all of which must match unless `or` joins them. A word
 * matches if it is part of the name, the version, an alias, the notes, or a value of metadata or
 * labels, ignoring case. A filter is a comparison as conditions have it
 * (`core/registry/conditions.ts`), such as `metadata."F1 score">0.9`. `"two words"` is one term,
 * and a term that begins with a quote is a word.
 *
 * @throws {RegistryError} `Invalid` for more than 20 terms, another field, an empty bound, or a
 *   date that does not exist
 */
export function parseQuery(query: string): SearchQuery {
  const tokens = parseTerms(query);
  const terms = tokens.filter(({ kind }) => kind === "comparison" || kind === "word");
  if (terms.length > MOST_TERMS) {
    throw invalid(`there are ${terms.length} terms`, `Use at most ${MOST_TERMS} terms.`);
  }
  const byTerm = new Map<Token, Term>(
    terms.map((term) => [
      term,
      term.kind === "comparison" ? parseFilter(term) : wordOf(term.text),
    ]),
  );
  const parsed = [...byTerm.values()];
  const words = parsed.flatMap(({ word }) => word ?? []);
  return Object.assign(testOfAll(tokens, (term) => byTerm.get(term)!.test), {
    fields: parsed.flatMap(({ field }) => field ?? []),
    words,
    neededWords: tokens.some(isOr) ? [] : words,
    numberFields: parsed.flatMap(({ numberField }) => numberField ?? []),
    matchesOthers: testOfAll(tokens, (term) => {
      const { test, numberField } = byTerm.get(term)!;
      return numberField === undefined ? test : () => true;
    }),
  });
}

/** Returns a field of metadata or labels, such as `metadata.data.rows`. */
export function memberOf(
  { metadata, labels }: Pick<SearchedVersion, "metadata" | "labels">,
  field: string,
): unknown {
  const of = field.startsWith("labels.") ? "labels" : "metadata";
  return valueAt(of === "labels" ? labels : metadata, field.slice(of.length + 1));
}

export function searchText(searched: SearchedVersion): string {
  const { name, version, aliases, metadata, labels = {}, notes = "" } = searched;
  return [name, version, ...aliases, ...valuesOf(metadata), ...valuesOf(labels), notes].join("\n")
    .toLowerCase();
}

interface Term {
  test(found: SearchedVersion, text: string): boolean;
  readonly field?: string;
  readonly word?: string;
  readonly numberField?: string;
}

function wordOf(typed: string): Term {
  const word = typed.replaceAll('"', "").toLowerCase();
  return { word, test: (_found, text) => text.includes(word) };
}

function parseFilter(term: Comparing): Term {
  const { text, field, value } = term;
  const of = fieldOf(field);
  if (of === undefined) {
    throw invalid(
      `${JSON.stringify(field)} is not one of ${
        FIELD_NAMES.join(", ")
      }, metadata.KEY and labels.KEY`,
      `Write metadata.${text}, or quote a word: "${text.replaceAll('"', "")}".`,
    );
  }
  const isPattern = term.sign.includes("~");
  const test = !isPattern && instantOf(value) === "invalid"
    ? `there is no date ${JSON.stringify(value)}`
    : testOf(of, term);
  if (typeof test === "string") {
    throw invalid(`${test} in ${JSON.stringify(text)}`, `Write it as in ${EXAMPLES[of.type]}.`);
  }
  const numberField = of.type === "value" && !isPattern && isDecimal(value) ? of.name : undefined;
  return { field: of.name, numberField, test };
}

const EXAMPLES = {
  text: "kind=json",
  aliases: "alias=production",
  version: "version>=2.1",
  size: "size>10MiB",
  time: "created>=2026-03-01 or created>=2026-03-01T14:05:00Z",
  value: "metadata.epochs>3 or metadata.day>=2026-03-01",
} as const;

function* valuesOf(value: unknown): Generator<string> {
  if (typeof value === "object" && value !== null) {
    for (const each of Object.values(value)) yield* valuesOf(each);
  } else if (value !== null) yield String(value);
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "search", state, hint });
}
