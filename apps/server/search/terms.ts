// The terms of searches and filters: words, `"two words"`, and comparisons such as `epochs > 3`, joined
// by `and`, `or` and brackets, by the grammar of conditions (`core/registry/conditions/tokens.ts`).
import { fault, type RegistryError } from "../../../core/errors.ts";
import {
  type Comparing,
  type Grammar,
  isOr,
  problemOf,
  SIGN,
  split,
  type Token,
} from "../../../core/registry/conditions/tokens.ts";
import { fieldOf } from "../../../core/registry/conditions/fields.ts";

/** Keys may be quoted. An apostrophe that begins no quoted key is part of one. */
const KEYS = /(?:[^\s=!<>~"']|"[^"]*"|(?<=\.)'[^']*'|(?<!\.)'|'(?![^']*'))+/;
const JOIN = "(?:and|or|\\|\\||&&)(?!\\S)";
/** A comparison is never the value of another: `epochs> name=a` has two, the first without a value. */
const GAP = `\\s+(?!(?:${JOIN}\\s+)?[(\\s]*${KEYS.source}${SIGN.source})`;
const SEARCH: Grammar = {
  field: new RegExp(`(?!")${KEYS.source}`, "y"), // a term that begins with a quote is a word
  sign: SIGN,
  hasBrackets: true,
  join: new RegExp(JOIN, "iy"),
  value: new RegExp(`(?:${GAP})?(?:'[^']*'(?![^\\s)])|(?:[^\\s"]|"[^"]*"?)*)`, "iy"),
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
    const [before, after] = [tokens[i - 1], tokens[i + 1]];
    if (token.kind !== "join") return token;
    const isJoin = /^\w/.test(token.text)
      ? after !== undefined && after.kind !== ")"
      : [before, after].some((each) => each?.kind === "comparison");
    return isJoin ? token : { kind: "word", text: token.text };
  });
}

function comparisonOrWord(token: Comparing): Token {
  const { typedField, sign } = token, typed = token.typed.trim();
  const gap = /^[=~]/.test(typed) ? " " : ""; // else, it would be part of the operator
  const text = typedField + sign + gap + typed;
  if (!LIKE_FIELD.test(typedField)) return { kind: "word", text };
  const value = /^'.*'$/s.test(typed) ? typed.slice(1, -1) : typed.replaceAll('"', "");
  return { ...token, text, typed, value };
}

/**
 * Returns the parts of a search that must all match: terms, brackets with what is in them, and all of
 * a search with `or` outside brackets, in brackets.
 */
export function partsOf(query: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  for (const token of tokensOf(query)) {
    if (depth === 0 && isOr(token)) return [`(${query.trim()})`];
    if (depth === 0 && token.kind === "join" && /^and$/i.test(token.text)) continue;
    if (depth === 0) parts.push(token.text);
    else parts.push(`${parts.pop()} ${token.text}`);
    depth += token.kind === "(" ? 1 : token.kind === ")" ? -1 : 0;
  }
  return parts;
}

/**
 * Parses a search.
 *
 * @throws {RegistryError} `Invalid` for another join than `and` and `or`, such as a comma, and for
 *   brackets that are not in order
 */
export function parseTerms(query: string): Token[] {
  const tokens = tokensOf(query);
  const join = tokens.find(({ kind, text }) => kind === "join" && !/^(?:and|or)$/i.test(text))
    ?.text;
  if (join !== undefined) {
    throw otherJoin(join, `Write and, or, or quote the sign: "${join}".`);
  }
  const problem = problemOf(tokens);
  if (problem !== undefined) {
    const hint = 'Close each bracket, or quote text: "(draft".';
    throw fault({ code: "Invalid", action: "search", state: problem, hint });
  }
  const terms = tokens.filter(({ kind }) => kind === "comparison" || kind === "word");
  for (const [i, term] of terms.entries()) {
    const comma = term.kind === "comparison" ? commaIn(term.typed, terms[i + 1]) : undefined;
    if (comma !== undefined) throw otherJoin(comma, "Write `and`, or quote a value with a comma.");
  }
  return tokens;
}

/** Returns the comma or semicolon that separates a value from another comparison. */
function commaIn(typed: string, next: Token | undefined): string | undefined {
  const last = /[,;]$/.exec(typed)?.[0];
  if (last !== undefined) return next?.kind === "comparison" ? last : undefined;
  const [, comma, field = ""] = /^[^'"]*([,;])([^\s=!<>,;'"]+)(?:[=<>]|!=)/.exec(typed) ?? [];
  return fieldOf(field) === undefined ? undefined : comma;
}

function otherJoin(join: string, hint: string): RegistryError {
  const state = `only "and" and "or" join conditions, not ${join}`;
  return fault({ code: "Invalid", action: "search", state, hint });
}
