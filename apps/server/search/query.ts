// Search queries: words, and filters such as `metadata.epochs>3`.
import { fault, type RegistryError } from "../../../core/errors.ts";
import {
  comparing,
  comparingText,
  comparingVersions,
  type Comparison,
  valueAt,
} from "../../../core/text/comparing.ts";
import { endStateOf } from "../../../core/registry/run.ts";
import { isDecimal } from "../../../core/text/decimals.ts";
import { instantOf } from "../../../core/text/iso_time.ts";
import { termsOf } from "./terms.ts";

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
  /** The name of who saved it. */
  readonly by?: string;
  /** The state of a run. @default how the run ended that made the version, by its metadata */
  readonly state?: string;
}

interface SearchQuery {
  (found: SearchedVersion, text: string): boolean;
  /** Fields that are compared. No other member of a version is read, if there are no words. */
  readonly fields: readonly string[];
  /** Words in lowercase. Only they need the text. */
  readonly words: readonly string[];
  /** Fields of metadata and labels that are compared with numbers. */
  readonly numberFields: readonly string[];
  /** True if all terms match that compare no number. */
  matchesOthers(found: SearchedVersion, text: string): boolean;
}

const FIELD =
  /name|version|alias|kind|state|created|by|(?:metadata|labels)\.(?:[^\s=!<>"]|"[^"]*")+/;
const FILTER = new RegExp(`^(${FIELD.source})(!=|>=|<=|=|>|<)(.*)$`, "s");
/** A filter by another field. */
const OTHER_FILTER = /^([A-Za-z_][\w.-]*)(?:!=|>=|<=|=|>|<)/;
const MOST_TERMS = 20;

/**
 * Parses a query of terms between spaces, all of which must match. A word matches if it is part of
 * the name, the version, an alias, the notes, or a value of metadata or labels, ignoring case. A
 * filter compares `name`, `version`, `alias`, `kind`, `by` (who saved it), `state` (how its run
 * ended: `finished`, `failed`, `killed` or `cancelled`), `created` (a time, or the beginning of one in UTC:
 * `2026-03`), `metadata.KEY` or `labels.KEY` (with dots for nested keys) by `= != > >= < <=`. Metadata
 * and labels are compared by value: also numbers and times that are text. Without a value, `KEY=`
 * matches versions that have none, and `KEY!=` those that have one.
 * Keys with spaces are quoted: `metadata."F1 score">0.9`. `"two words"` is one term, and a term that
 * begins with a quote is a word.
 *
 * @throws {RegistryError} `Invalid` for more than 20 terms, another field, an empty bound, or a
 *   date that does not exist
 */
export function parseQuery(query: string): SearchQuery {
  const terms = termsOf(query);
  if (terms.length > MOST_TERMS) {
    throw invalid(`there are ${terms.length} terms`, `Use at most ${MOST_TERMS} terms.`);
  }
  const parsed = terms.map(parseTerm);
  const others = parsed.filter(({ numberField }) => numberField === undefined);
  const allOf = (terms: readonly Term[]) => (version: SearchedVersion, text: string) =>
    terms.every(({ test }) => test(version, text));
  const numberFields = parsed.flatMap(({ numberField }) => numberField ?? []);
  return Object.assign(allOf(parsed), {
    fields: parsed.flatMap(({ field }) => field ?? []),
    words: parsed.flatMap(({ word }) => word ?? []),
    numberFields,
    matchesOthers: allOf(others),
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

function parseTerm(term: string): Term {
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
        } is not one of name, version, alias, kind, state, by, created, metadata.KEY and labels.KEY`,
        `Write metadata.${term}, or quote a word: "${bare}".`,
      );
    }
    const word = bare.toLowerCase();
    return { test: (_found, text) => text.includes(word), word };
  }
  if (wanted === "" && comparison !== "=" && comparison !== "!=") {
    throw invalid(
      `${JSON.stringify(term)} has no value`,
      "Write a value, as in metadata.epochs>3.",
    );
  }
  if (instantOf(wanted) === "invalid" || field === "created" && !beginsDate(wanted)) {
    throw invalid(
      `there is no date ${JSON.stringify(wanted)}`,
      "Write a date or a time, as in 2026-03-01 or 2026-03-01T14:05:00Z.",
    );
  }
  const numberField = field.includes(".") && isDecimal(wanted) ? field : undefined;
  return { test: testOf(field, comparison as Comparison, wanted), field, numberField };
}

/** Their ends make a whole time of any beginning. */
const EXAMPLES = ["2000-01-01T00:00:00.000Z", "2000-10-10T00:00:00.000Z"];

/** True for the beginning of a date and time that can exist: `2026`, `2026-03-0`, `2026-03-01`. */
function beginsDate(text: string): boolean {
  const whole = EXAMPLES.map((date) => text + date.slice(text.length));
  return [text, ...whole].some((date) => typeof instantOf(date) === "object");
}

function testOf(field: string, comparison: Comparison, wanted: string): Term["test"] {
  const compareText = comparingText(comparison, wanted);
  switch (field) {
    case "version": {
      const compare = comparingVersions(comparison, wanted);
      return ({ version }) => compare(version);
    }
    case "alias":
      if (wanted === "") return ({ aliases }) => (aliases.length === 0) === (comparison === "=");
      return ({ aliases }) =>
        comparison === "!=" ? aliases.every(compareText) : aliases.some(compareText);
    case "name":
      return ({ name }) => compareText(name);
    case "kind":
      return ({ kind }) => compareText(kind);
    case "state":
      return ({ metadata, state = endStateOf(metadata) ?? "" }) => compareText(state);
    case "by":
      return ({ by }) => compareText(by ?? "");
    case "created":
      return comparingCreated(comparison, wanted);
  }
  if (wanted === "") return (version) => isNone(memberOf(version, field)) === (comparison === "=");
  const compare = comparing(comparison, wanted);
  return (version) => compare(memberOf(version, field));
}

function isNone(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** Compares with an instant, or with the beginning of a time in UTC. */
function comparingCreated(comparison: Comparison, wanted: string): Term["test"] {
  if (/Z$|[T ].*[+-]/i.test(wanted) || wanted.length > "2026-03-01T14:05:00.123".length) {
    const compare = comparing(comparison, wanted);
    return ({ createdAt }) => compare(createdAt);
  }
  const compare = comparingText(comparison, wanted.toUpperCase().replace(" ", "T"));
  return ({ createdAt }) => compare(createdAt.slice(0, wanted.length));
}

function* valuesOf(value: unknown): Generator<string> {
  if (typeof value === "object" && value !== null) {
    for (const each of Object.values(value)) yield* valuesOf(each);
  } else if (value !== null) yield String(value);
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "search", state, hint });
}
