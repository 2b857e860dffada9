// The grammar of conditions in lists, rules and promotions, and of searches and filters:
//
//   expression = term { "and" term }
//   term       = comparison | word
//   comparison = field sign [ value ]       metadata."F1 score" >= 0.9, labels.stage = 'in review'
//   sign       = "=" | "==" | "!=" | ">" | ">=" | "<" | "<="
//
// Searches have words, and a space between terms is enough (`apps/server/search/terms.ts`): there, a
// value ends at a space, elsewhere at `and`. A value in quotes may have both.
import type { Comparison } from "../../text/comparing.ts";

/** A comparison as it was typed. */
export interface Comparing {
  readonly kind: "comparison";
  readonly text: string;
  /** With the quotes of its keys. */
  readonly typedField: string;
  readonly field: string;
  readonly sign: Comparison;
  /** With the space before it, and its quotes. */
  readonly typed: string;
  readonly value: string;
}

/** A text that a version must contain, or what joins two terms. */
export interface Text {
  readonly kind: "word" | "join";
  readonly text: string;
}

export type Token = Comparing | Text;

/** The tokens of conditions or of searches. All patterns are sticky. */
export interface Grammar {
  /** A field, whose keys may be quoted. */
  readonly field: RegExp;
  /** A join of two terms, after a space. */
  readonly join: RegExp;
  /** A value, with the space before it. */
  readonly value: RegExp;
  readonly word: RegExp;
}

export const SIGN: RegExp = /\s*(?:==|[!<>]=|[=<>])/y;

/** Splits a text. What is neither a comparison nor a join is a word. */
export function split(text: string, { field, join, value, word }: Grammar): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  for (take(/\s*/y); at < text.length; take(/\s*/y)) {
    const start = at, last = tokens.at(-1)?.kind ?? "join";
    const joined = last === "join" ? undefined : take(join)?.trim();
    const typedField = joined === undefined ? take(field) : undefined;
    const sign = typedField === undefined ? undefined : take(SIGN)?.trim();
    const typed = sign === undefined ? undefined : take(value);
    if (joined !== undefined) tokens.push({ kind: "join", text: joined });
    else if (typedField === undefined || sign === undefined || typed === undefined) {
      at = start;
      tokens.push({ kind: "word", text: take(word)! });
    } else {
      tokens.push({
        kind: "comparison",
        text: text.slice(start, at).trimEnd(),
        typedField,
        field: typedField.replace(/(['"])(.*?)\1/gs, "$2"),
        sign: sign.replace("==", "=") as Comparison,
        typed,
        value: typed.trim().replace(/^(['"])(.*)\1$/s, "$2"),
      });
    }
  }
  return tokens;
}
