// Conditions of versions: `metadata.epochs > 3 and (kind = json or by = ann)`. They only compare
// values.
import type { ArtifactInfo } from "../artifact.ts";
import { fault, type RegistryError } from "../errors.ts";
import { isDecimal } from "../text/decimals.ts";
import { instantOf } from "../text/iso_time.ts";
import { didYouMean } from "../text/nearest.ts";
import { type Facts, type Field, FIELD_NAMES, fieldOf, testOf } from "./conditions/fields.ts";
import {
  type Comparing,
  type Grammar,
  isOr,
  problemOf,
  SIGN,
  split,
  testOfAll,
  type Token,
} from "./conditions/tokens.ts";

/** @internal */
export interface Condition {
  /** @param aliases of the version, for a comparison of `alias` */
  (info: ArtifactInfo, aliases?: readonly string[]): boolean;
  /** If only `and` joins them, all of these must hold. */
  readonly comparisons: readonly ReadComparison[];
  /**
   * The text as a rule stores it. One with `or`, brackets or a regular expression is in brackets:
   * earlier programs refuse those, and would read the text without them as something else.
   */
  readonly stored: string;
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
/** Unsupported joins, outside quotes; also others whose quotes are not in order. */
const OTHER_JOIN = /\s(or|\|\||&&)\s/i;
/** A join that was forgotten in a value: `json, size > 3`, `json size > 3`. */
const UNJOINED = /(?:^|[,;\s])([^\s=!<>,;'"]+)\s*(?:[=<>]|!=)/;
function grammarOf(join: string, own: Pick<Grammar, "field" | "sign" | "hasBrackets">): Grammar {
  // One space each: patterns of many would take cubic time. Those beside it are trimmed.
  const joined = `${join}\\s(?=(?:[^'"]|'[^']*'|"[^"]*")*$)`;
  return {
    ...own,
    join: new RegExp(joined, "iy"),
    value: new RegExp(`(?!\\s*[=<>!])(?:(?!\\s${joined}).)*`, "isy"),
    word: /.+/sy,
  };
}

const CONDITION = grammarOf("(?:and|or)", {
  field: /(?:[^\s=!<>~'"]|'[^']*'|"[^"]*")+/y,
  sign: SIGN,
  hasBrackets: true,
});
/**
 * The grammar of promotions, and of rules of programs that knew no other: `~` and brackets are part
 * of names.
 */
const PLAIN = grammarOf("and", {
  field: /(?:[^\s=!<>'"]|'[^']*'|"[^"]*")+/y,
  sign: /\s*(?:==|[!<>]=|[=<>])/y,
  hasBrackets: false,
});

/**
 * Parses comparisons, joined by `and` and `or`, in brackets or not, of `name`, `version`, `alias`,
 * `kind`, `size`, `by`, `state`, `created`, `metadata.KEY` or `labels.KEY` (nested with dots);
 * `metrics.KEY` and `params.KEY` are those of metadata. Strings, and keys with spaces, may be
 * quoted: `metadata."F1 score"`. Sizes may have a unit: `size >= 10MiB`. Metadata and labels are
 * compared by value: also numbers and times that are text. Without a value, `KEY =` is met by what
 * has none. `name ~ '^bert-(small|base)'` compares text with a {@linkcode linearPattern}.
 *
 * @param isRule true for a rule, which compares no alias and nothing without a value
 * @param isStored true for a rule that a registry has: early programs took dates that do not exist
 * @param isPlain true if only `and` joins comparisons, and none has a regular expression. A stored
 *   rule is plain unless it begins with a bracket
 */
export function parseCondition(
  text: string,
  { isStored = false, isRule = isStored, isPlain = isStored && !/^\s*\(/.test(text) }: {
    isRule?: boolean;
    isStored?: boolean;
    isPlain?: boolean;
  } = {},
): Condition {
  const tokens = text.length > MOST_CHARACTERS ? [] : split(text, isPlain ? PLAIN : CONDITION);
  const isNew = (token: Token) =>
    token.kind === "(" || isOr(token) || token.kind === "comparison" && token.sign.includes("~");
  const stored = tokens.some(isNew) && !text.startsWith("(") ? `(${text})` : text;
  if (stored.length > MOST_CHARACTERS) {
    throw invalidCondition(`${text.slice(0, 20)}…`, `longer than ${MOST_CHARACTERS} characters`);
  }
  if (tokens.length === 0 || tokens.at(-1)?.kind === "join") throw invalidCondition(text, EXPECTED);
  const isKept = !isRule || stored === text || isWithin(stored, tokens);
  const problem = problemOf(tokens) ?? (isKept ? undefined : "a ) opens nowhere; quote it");
  if (problem !== undefined) throw invalidCondition(text, problem);
  const comparisons: ReadComparison[] = [];
  const meets = testOfAll(tokens, (token) => {
    const isLast = token === tokens.at(-1);
    const comparison = readComparison(token, text, { isRule, isStored, isPlain, isLast });
    comparisons.push(comparison);
    return comparison.meets;
  });
  const numbers = comparisons.filter(({ of, sign, value }) =>
    of.type === "value" && !sign.includes("~") && isDecimal(value)
  );
  const numberFields = numbers.map(({ of }) => of.name);
  return Object.assign(
    (info: ArtifactInfo, aliases?: readonly string[]) => meets(factsOf(info, aliases)),
    { comparisons, stored, numberFields },
  );
}

/** Returns whether a text has these tokens in brackets, too: a `)` in a value may close them. */
function isWithin(stored: string, tokens: readonly Token[]): boolean {
  return JSON.stringify(split(stored, CONDITION).slice(1, -1)) === JSON.stringify(tokens);
}

const EXPECTED = "expected a comparison such as metadata.epochs > 3";

/** Words of other languages, and their form here. */
const ELSEWHERE: readonly [RegExp, string][] = [
  [/^(?:not\b|!)/i, "Negate each comparison by != or !~. "],
  [/^\S+\s+(?:not\s+)?in\b/i, "Instead of in, write (kind = json or kind = text). "],
  [/^\S+\s+(?:not\s+)?like\b/i, "Instead of like, write name ~ '^bert'. "],
  [
    /^\S+\s+is\b/i,
    "To find versions without a value, write labels.stage = with nothing behind it. ",
  ],
];

interface Reading {
  isRule: boolean;
  isStored: boolean;
  isPlain: boolean;
  isLast: boolean;
}

function readComparison(
  token: Token,
  text: string,
  how: Reading,
): ReadComparison {
  const { isRule } = how;
  if (token.kind !== "comparison") {
    const [, instead] = ELSEWHERE.find(([words]) => words.test(token.text)) ?? [];
    throw invalidCondition(text, EXPECTED, instead);
  }
  const { field, value } = token, isQuoted = value !== token.typed.trim();
  const unjoined = isQuoted ? undefined : joinProblem(value, how);
  if (unjoined !== undefined) throw invalidCondition(text, unjoined);
  const of = fieldOf(field);
  if (of === undefined) {
    const near = didYouMean(field, FIELD_NAMES) || `Did you mean metadata.${field}? `;
    throw invalidCondition(text, `unknown field ${JSON.stringify(field)}`, near);
  }
  const problem = isRule && value === "" && !isQuoted ? EXPECTED : valueProblem(of, token, how);
  const meets = problem ?? testOf(of, { ...token, isText: isRule || value !== "" });
  if (typeof meets === "string") throw invalidCondition(text, meets);
  // Early programs took an unknown author as any: what a stored rule keeps stays.
  const isAny = ({ by }: Facts) => how.isStored && of.name === "by" && by === undefined;
  return { ...token, of, meets: (facts) => isAny(facts) || meets(facts) };
}

/** Returns what is wrong with a value without quotes that contains another comparison. */
function joinProblem(value: string, { isStored, isPlain, isLast }: Reading): string | undefined {
  const join = OTHER_JOIN.exec(value)?.[1];
  if (join !== undefined) {
    return `${
      isPlain ? 'only "and" joins' : '"and" and "or" join'
    } comparisons, not ${join}; quote strings`;
  }
  if (!isStored && !isLast && /[,;]$/.test(value)) {
    return 'only "and" joins comparisons; quote strings';
  }
  const last = isStored || isPlain ? undefined : /\s(?:and|or)$/i.exec(value)?.[0];
  if (last !== undefined) return `there is nothing beside "${last.trim()}"; quote strings`;
  const next = isStored ? undefined : UNJOINED.exec(value)?.[1];
  if (next === undefined || fieldOf(next) === undefined) return undefined;
  return `expected "and" before ${next}; quote strings`;
}

function valueProblem(
  of: Field,
  { value, sign }: Comparing,
  { isRule, isStored }: Reading,
): string | undefined {
  if (isRule && of.type === "aliases") return "a rule cannot compare aliases";
  if (isStored || sign.includes("~") || instantOf(value) !== "invalid") return undefined;
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
    "= != > >= < <=, joined by and, or: 'metadata.epochs > 3 and size < 10MiB'.";
  const subject = JSON.stringify(text);
  return fault({ code: "Invalid", action: "parse condition", subject, state, hint });
}
