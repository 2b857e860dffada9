// What is searched for: words, and filters such as `metadata.epochs>3`.
import { RegistryError } from "../../../mod.ts";
import { comparing, type Comparison, valueAt } from "./comparing.ts";

export interface SearchedVersion {
  readonly name: string;
  readonly version: string;
  readonly aliases: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

export type SearchQuery = (found: SearchedVersion, text: string) => boolean;

const FILTER = /^(name|version|alias|metadata\.[^\s=!<>]+)(!=|>=|<=|=|>|<)(.*)$/s;
/** What is meant as a filter, of something that is none of those. */
const OTHER_FILTER = /^([A-Za-z_][\w.-]*)(?:!=|>=|<=|=|>|<)/;
const MOST_TERMS = 20;

/**
 * Parses a query: terms between spaces, all of which must be met. A word is met where it is in the name, the version, an
 * alias or a value of the metadata, whatever its case; a filter compares `name`, `version`, `alias` or
 * `metadata.KEY` (with dots for what is inside) by `= != > >= < <=`, numbers as numbers. `"two words"` is one term, and
 * what begins with a quote is a word.
 *
 * @throws {RegistryError} `Invalid` for more than 20 terms, for a filter by something else, and for an order of what has
 * none
 */
export function parseQuery(query: string): SearchQuery {
  const terms = query.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  if (terms.length > MOST_TERMS) {
    throw invalid(
      `Cannot search: there are ${terms.length} terms`,
      `At most ${MOST_TERMS} are taken.`,
    );
  }
  const tests = terms.map(parseTerm);
  return (found, text) => tests.every((test) => test(found, text));
}

export function searchText({ name, version, aliases, metadata }: SearchedVersion): string {
  return [name, version, ...aliases, ...valuesOf(metadata)].join("\n").toLowerCase();
}

function parseTerm(term: string): SearchQuery {
  const bare = term.replaceAll('"', "");
  const [, field, comparison, wanted] = term.startsWith('"') ? [] : FILTER.exec(bare) ?? [];
  if (field === undefined) {
    const [, other] = OTHER_FILTER.exec(term) ?? [];
    if (other !== undefined) {
      throw invalid(
        `Cannot search by ${
          JSON.stringify(other)
        }: only name, version, alias and metadata.KEY are compared`,
        `As in metadata.epochs>3. As a word it stands in quotes: "epochs>3".`,
      );
    }
    const word = bare.toLowerCase();
    return (_found, text) => text.includes(word);
  }
  if (wanted === "" && comparison !== "=" && comparison !== "!=") {
    throw invalid("Cannot search: there is nothing to compare with", "As in metadata.epochs>3.");
  }
  const compare = comparing(comparison as Comparison, wanted);
  if (field === "alias") return ({ aliases }) => aliases.some(compare);
  if (field === "name" || field === "version") return (found) => compare(found[field]);
  const path = field.split(".").slice(1);
  return ({ metadata }) => {
    const value = valueAt(metadata, path);
    return value !== undefined && compare(value);
  };
}

function* valuesOf(value: unknown): Generator<string> {
  if (typeof value === "object" && value !== null) {
    for (const each of Object.values(value)) yield* valuesOf(each);
  } else if (value !== null) yield String(value);
}

function invalid(message: string, hint: string): RegistryError {
  return new RegistryError({ code: "Invalid", message, hint });
}
