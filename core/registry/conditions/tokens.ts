// The grammar of conditions in lists, rules and promotions, and of searches and filters:
//
//   expression = all { "or" all }
//   all        = term { "and" term }
//   term       = comparison | word | "(" expression ")"
//   comparison = field sign [ value ]       metadata."F1 score" >= 0.9, labels.stage = 'in review'
//   sign       = "=" | "==" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "=~" | "!~"
//
// Searches have words, and a space between terms is enough (`apps/server/search/terms.ts`): there, a
// value ends at a space, elsewhere at `and` or `or`. A value in quotes may have both.
import type { Comparison } from "../../text/comparing.ts";

/** A comparison as it was typed. */
export interface Comparing {
  readonly kind: "comparison";
  readonly text: string;
  /** With the quotes of its keys. */
  readonly typedField: string;
  readonly field: string;
  /** `~` compares with a regular expression. */
  readonly sign: Comparison | "~" | "!~";
  /** With the space before it, and its quotes. */
  readonly typed: string;
  readonly value: string;
}

/** A text that a version must contain, what joins two terms, or a bracket. */
export interface Text {
  readonly kind: "word" | "join" | "(" | ")";
  readonly text: string;
}

export type Token = Comparing | Text;

/** The tokens of conditions or of searches. All patterns are sticky. */
export interface Grammar {
  /** A field, whose keys may be quoted. */
  readonly field: RegExp;
  readonly sign: RegExp;
  /** A join of two terms, after a space. */
  readonly join: RegExp;
  /** A value, with the space before it. */
  readonly value: RegExp;
  readonly word: RegExp;
  readonly hasBrackets: boolean;
}

export const SIGN: RegExp = /\s*(?:==|!~|=~|[!<>]=|[=<>~])/y;

/** Splits a text. What is neither a comparison, a join nor a bracket is a word. */
export function split(text: string, grammar: Grammar): Token[] {
  const { field, join, value, word, hasBrackets } = grammar;
  const tokens: Token[] = [];
  let at = 0, depth = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const end = at + (pattern.exec(text)?.[0].length ?? -1);
    if (end < at) return undefined;
    const taken = text.slice(at, depth > 0 ? endWithin(text, at, end) : end);
    at += taken.length;
    return taken;
  };
  const space = /\s*/y;
  for (take(space); at < text.length; take(space)) {
    const start = at, last = tokens.at(-1)?.kind ?? "join", sign = text[at];
    if (hasBrackets && (sign === "(" || sign === ")" && depth > 0)) {
      depth += sign === "(" ? 1 : -1;
      at++;
      tokens.push({ kind: sign, text: sign });
      continue;
    }
    const joined = last === "join" || last === "(" ? undefined : take(join)?.trim();
    if (joined !== undefined) tokens.push({ kind: "join", text: joined });
    else tokens.push(takeComparison(start) ?? { kind: "word", text: take(word)! });
  }
  return tokens;

  function takeComparison(start: number): Comparing | undefined {
    const typedField = take(field) || undefined;
    const sign = typedField === undefined ? undefined : take(grammar.sign)?.trim();
    const typed = sign === undefined ? undefined : take(value);
    if (typedField !== undefined && sign !== undefined && typed !== undefined) {
      return {
        kind: "comparison",
        text: text.slice(start, at).trimEnd(),
        typedField,
        field: typedField.replace(/(['"])(.*?)\1/gs, "$2"),
        sign: sign.replace("==", "=").replace("=~", "~") as Comparing["sign"],
        typed,
        value: typed.trim().replace(/^(['"])(.*)\1$/s, "$2"),
      };
    }
    at = start;
  }
}

/** Returns where a value or a word in brackets ends: at the one that closes them, outside quotes. */
function endWithin(text: string, from: number, to: number): number {
  let depth = 0;
  const pattern = /"[^"]*"|(?<=[\s=<>~.(])'[^']*'(?=[\s)]|$)|[()]/gy;
  for (let at = from; at < to; at++) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === ")" && depth-- === 0) return at;
    if (found === "(") depth++;
    at += (found?.length ?? 1) - 1;
  }
  return to;
}

/** More brackets inside each other are refused. */
const MOST_DEPTH = 20;

/** Returns why brackets or joins are not in order; undefined if they are. */
export function problemOf(tokens: readonly Token[]): string | undefined {
  let depth = 0;
  for (const [i, { kind, text }] of tokens.entries()) {
    const before = tokens[i - 1]?.kind ?? "(", after = tokens[i + 1]?.kind ?? ")";
    depth += kind === "(" ? 1 : kind === ")" ? -1 : 0;
    const isAlone = before === "(" || before === "join" || after === ")" || after === "join";
    if (kind === "join" && isAlone) return `there is nothing beside "${text}"`;
    if (kind === "(" && after === ")") return "there is nothing between ( and )";
    if (depth > MOST_DEPTH) return `more than ${MOST_DEPTH} brackets are inside each other`;
  }
  if (depth > 0) return "a bracket is not closed; quote it if it is text";
}

/** Returns a test of terms in order, in which `and`, written or not, binds them before `or`. */
export function testOfAll<Of extends unknown[]>(
  tokens: readonly Token[],
  testOf: (term: Token) => (...of: Of) => boolean,
): (...of: Of) => boolean {
  let at = 0;
  const either = (): (...of: Of) => boolean => {
    const tests = [all()];
    while (isOr(tokens[at])) at++, tests.push(all());
    return tests.length === 1 ? tests[0]! : (...of) => tests.some((test) => test(...of));
  };
  const all = (): (...of: Of) => boolean => {
    const tests: ((...of: Of) => boolean)[] = [];
    for (
      let token = tokens[at];
      token && token.kind !== ")" && !isOr(token);
      token = tokens[++at]
    ) {
      if (token.kind === "(") at++, tests.push(either());
      else if (token.kind !== "join") tests.push(testOf(token));
    }
    return (...of) => tests.every((test) => test(...of));
  };
  return either();
}

/** True for the join of two terms of which one is enough. */
export function isOr(token: Token | undefined): boolean {
  return token?.kind === "join" && /^or$/i.test(token.text);
}
