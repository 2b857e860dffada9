// Conditions of versions: `metadata.epochs > 3 and kind = json`. They only compare values.
import type { ArtifactInfo } from "../artifact.ts";
import { fault, type RegistryError } from "../errors.ts";
import { isDecimal } from "../text/decimals.ts";
import { instantOf } from "../text/iso_time.ts";
import { didYouMean } from "../text/nearest.ts";
import { type Facts, type Field, FIELD_NAMES, fieldOf, testOf } from "./conditions/fields.ts";
import { type Comparing, type Grammar, split, type Token } from "./conditions/tokens.ts";

/** @internal */
export interface Condition {
  /** @param aliases of the version, for a comparison of `alias` */
  (info: ArtifactInfo, aliases?: readonly string[]): boolean;
  /** All of these must hold. */
  readonly comparisons: readonly ReadComparison[];
  /** Fields of metadata and labels that are compared with numbers. */
  readonly numberFields: readonly string[];
}

/** A comparison of a version. */
export interface ReadComparison extends Comparing {
  readonly of: Field;
  meets(facts: Facts): boolean;
}

/** Longer conditions would take long to parse. */
const MOST_CHARACTERS = 4_000;
/** Unsupported joins, outside quotes. */
const OTHER_JOIN = /\s(or|\|\||&&)\s/i;
/** A join that was forgotten in a value: `json, size > 3`, `json size > 3`. */
const UNJOINED = /(?:^|[,;\s])([^\s=!<>,;'"]+)\s*(?:[=<>]|!=)/;
/** One space each: patterns of many would take cubic time. Those beside it are trimmed. */
const JOIN = `and\\s(?=(?:[^'"]|'[^']*'|"[^"]*")*$)`;
const CONDITION: Grammar = {
  field: /(?:[^\s=!<>'"]|'[^']*'|"[^"]*")+/y,
  join: new RegExp(JOIN, "iy"),
  value: new RegExp(`(?!\\s*[=<>!])(?:(?!\\s${JOIN}).)*`, "isy"),
  word: /.+/sy,
};

/**
 * Parses comparisons, joined by `and`, of `name`, `version`, `alias`, `kind`, `size`, `by`, `state`,
 * `created`, `metadata.KEY` or `labels.KEY` (nested with dots); `metrics.KEY` and `params.KEY` are
 * those of metadata. Strings, and keys with spaces, may be quoted: `metadata."F1 score"`. Sizes may
 * have a unit: `size >= 10MiB`. Metadata and labels are compared by value: also numbers and times
 * that are text. Without a value, `KEY =` is met by what has none.
 *
 * @param isRule true for a rule, which compares no alias and nothing without a value
 * @param isStored true for a rule that a registry has: early programs took dates that do not exist
 */
export function parseCondition(
  text: string,
  { isStored = false, isRule = isStored }: { isRule?: boolean; isStored?: boolean } = {},
): Condition {
  if (text.length > MOST_CHARACTERS) {
    throw invalidCondition(`${text.slice(0, 20)}…`, `longer than ${MOST_CHARACTERS} characters`);
  }
  const tokens = split(text, CONDITION);
  if (tokens.length === 0 || tokens.at(-1)?.kind === "join") throw invalidCondition(text, EXPECTED);
  const comparisons = tokens.filter(({ kind }) => kind !== "join").map((token) =>
    readComparison(token, text, { isRule, isStored, isLast: token === tokens.at(-1) })
  );
  const meets = (info: ArtifactInfo, aliases?: readonly string[]) => {
    const facts = factsOf(info, aliases);
    return comparisons.every((comparison) => comparison.meets(facts));
  };
  const numbers = comparisons.filter(({ of, value }) => of.type === "value" && isDecimal(value));
  return Object.assign(meets, { comparisons, numberFields: numbers.map(({ of }) => of.name) });
}

const EXPECTED = "expected a comparison such as metadata.epochs > 3";

interface Reading {
  isRule: boolean;
  isStored: boolean;
  isLast: boolean;
}

function readComparison(
  token: Token,
  text: string,
  how: Reading,
): ReadComparison {
  const { isRule } = how;
  if (token.kind !== "comparison") throw invalidCondition(text, EXPECTED);
  const { field, value } = token, isQuoted = value !== token.typed.trim();
  const unjoined = isQuoted ? undefined : joinProblem(value, how);
  if (unjoined !== undefined) throw invalidCondition(text, unjoined);
  const of = fieldOf(field);
  if (of === undefined) {
    const near = didYouMean(field, FIELD_NAMES) || `Did you mean metadata.${field}? `;
    throw invalidCondition(text, `unknown field ${JSON.stringify(field)}`, near);
  }
  const problem = isRule && value === "" && !isQuoted ? EXPECTED : valueProblem(of, value, how);
  const meets = problem ?? testOf(of, { ...token, isText: isRule || value !== "" });
  if (typeof meets === "string") throw invalidCondition(text, meets);
  // Early programs took an unknown author as any: what a stored rule keeps stays.
  const isAny = ({ by }: Facts) => how.isStored && of.name === "by" && by === undefined;
  return { ...token, of, meets: (facts) => isAny(facts) || meets(facts) };
}

/** Returns what is wrong with a value without quotes that contains another comparison. */
function joinProblem(value: string, { isStored, isLast }: Reading): string | undefined {
  const join = OTHER_JOIN.exec(value)?.[1];
  if (join !== undefined) return `only "and" joins comparisons, not ${join}; quote strings`;
  if (!isStored && !isLast && /[,;]$/.test(value)) {
    return 'only "and" joins comparisons; quote strings';
  }
  const next = isStored ? undefined : UNJOINED.exec(value)?.[1];
  if (next === undefined || fieldOf(next) === undefined) return undefined;
  return `expected "and" before ${next}; quote strings`;
}

function valueProblem(of: Field, value: string, { isRule, isStored }: Reading): string | undefined {
  if (isRule && of.type === "aliases") return "a rule cannot compare aliases";
  if (isStored || instantOf(value) !== "invalid") return undefined;
  return `there is no date ${JSON.stringify(value)}`;
}

/** Returns a function that reads a field that conditions compare, or undefined for another. */
export function fieldReader(typed: string): ((info: ArtifactInfo) => unknown) | undefined {
  const field = fieldOf(typed);
  if (field !== undefined && field.type !== "aliases") return (info) => field.read(factsOf(info));
}

/** Returns what conditions compare of a version. */
export function factsOf(info: ArtifactInfo, aliases?: readonly string[]): Facts {
  const { materializer: { id: kind }, createdAt, by, annotations } = info;
  const facts = { kind, by: by?.name, aliases, labels: annotations?.labels };
  return Object.assign({}, info, facts, { createdAt: createdAt.toISOString() });
}

function invalidCondition(text: string, state: string, near = ""): RegistryError {
  const hint = `${near}Compare ${FIELD_NAMES.join(", ")}, metadata.KEY or labels.KEY by ` +
    "= != > >= < <=, joined by and: 'metadata.epochs > 3 and size < 10MiB'.";
  const subject = JSON.stringify(text);
  return fault({ code: "Invalid", action: "parse condition", subject, state, hint });
}
