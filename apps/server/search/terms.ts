// The terms of searches and filters: words, `"two words"`, and comparisons such as `epochs > 3`, by the
// grammar of conditions (`core/registry/conditions/tokens.ts`).
import { fault } from "../../../core/errors.ts";
import {
  type Comparing,
  type Grammar,
  SIGN,
  split,
  type Token,
} from "../../../core/registry/conditions/tokens.ts";

/** Keys may be quoted. An apostrophe that begins no quoted key is part of one. */
const KEYS = /(?:[^\s=!<>"']|"[^"]*"|(?<=\.)'[^']*'|(?<!\.)'|'(?![^']*'))+/;
const JOIN = "(?:and|or|\\|\\||&&)(?!\\S)";
/** A comparison is never the value of another: `epochs> name=a` has two, the first without a value. */
const GAP = `\\s+(?!(?:${JOIN}\\s+)?${KEYS.source}${SIGN.source})`;
const SEARCH: Grammar = {
  field: new RegExp(`(?!")${KEYS.source}`, "y"), // a term that begins with a quote is a word
  join: new RegExp(JOIN, "iy"),
  value: new RegExp(`(?:${GAP})?(?:'[^']*'(?!\\S)|(?:[^\\s"]|"[^"]*"?)*)`, "iy"),
  word: /(?:[^\s"]|"[^"]*"?)+/y,
};
/** Other text before a sign is part of a word, as in `https://x?a=b`. */
const LIKE_FIELD = /^(?:(?:metadata|labels|metrics|params)\..+|[A-Za-z_][\w.-]*)$/s;

/** Splits a search. The texts of all tokens, joined by spaces, are the same search. */
export function tokensOf(query: string): Token[] {
  const tokens = split(query, SEARCH).map((token) =>
    token.kind === "comparison" ? comparisonOrWord(token) : token
  );
  return tokens.map((token, i) => {
    const joins = [tokens[i - 1], tokens[i + 1]].some((each) => each?.kind === "comparison");
    return token.kind !== "join" || joins && i < tokens.length - 1
      ? token
      : { kind: "word", text: token.text };
  });
}

function comparisonOrWord(token: Comparing): Token {
  const { typedField, sign } = token, typed = token.typed.trim();
  const text = typedField + sign + typed;
  if (!LIKE_FIELD.test(typedField)) return { kind: "word", text };
  const value = /^'.*'$/s.test(typed) ? typed.slice(1, -1) : typed.replaceAll('"', "");
  return { ...token, text, typed, value };
}

/** Returns the terms of a search, with what joins them. */
export function termsOf(query: string): string[] {
  return tokensOf(query).map(({ text }) => text);
}

/**
 * Parses a search: all of its terms must match.
 *
 * @throws {RegistryError} `Invalid` for another join than `and`
 */
export function parseTerms(query: string): Token[] {
  const tokens = tokensOf(query);
  const join = tokens.find(({ kind, text }) => kind === "join" && !/^and$/i.test(text))?.text;
  if (join === undefined) return tokens.filter(({ kind }) => kind !== "join");
  const state = `only "and" joins conditions, not ${join}`;
  const hint = `Search for each, or quote the word: "${join}".`;
  throw fault({ code: "Invalid", action: "search", state, hint });
}
