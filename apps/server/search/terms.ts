// The terms of searches and filters: words, `"two words"`, and comparisons such as `epochs > 3`, by the
// grammar of conditions (`core/registry/conditions/tokens.ts`).
import { fault, type RegistryError } from "../../../core/errors.ts";
import {
  type Comparing,
  type Grammar,
  SIGN,
  split,
  type Token,
} from "../../../core/registry/conditions/tokens.ts";
import { fieldOf } from "../../../core/registry/conditions/fields.ts";

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
 * @throws {RegistryError} `Invalid` for another join than `and`, such as `or` or a comma
 */
export function parseTerms(query: string): Token[] {
  const tokens = tokensOf(query);
  const join = tokens.find(({ kind, text }) => kind === "join" && !/^and$/i.test(text))?.text;
  if (join !== undefined) {
    throw otherJoin(join, `Search for each, or quote the word: "${join}".`);
  }
  const terms = tokens.filter(({ kind }) => kind !== "join");
  for (const [i, term] of terms.entries()) {
    const comma = term.kind === "comparison" ? commaIn(term.typed, terms[i + 1]) : undefined;
    if (comma !== undefined) throw otherJoin(comma, "Write `and`, or quote a value with a comma.");
  }
  return terms;
}

/** Returns the comma or semicolon that separates a value from another comparison. */
function commaIn(typed: string, next: Token | undefined): string | undefined {
  const last = /[,;]$/.exec(typed)?.[0];
  if (last !== undefined) return next?.kind === "comparison" ? last : undefined;
  const [, comma, field = ""] = /^[^'"]*([,;])([^\s=!<>,;'"]+)(?:[=<>]|!=)/.exec(typed) ?? [];
  return fieldOf(field) === undefined ? undefined : comma;
}

function otherJoin(join: string, hint: string): RegistryError {
  const state = `only "and" joins conditions, not ${join}`;
  return fault({ code: "Invalid", action: "search", state, hint });
}
