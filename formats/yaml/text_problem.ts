// What is wrong with a text of YAML, before values are made of it.
import { shown } from "../../core/naming/names.ts";

/** What is wrong with a text. */
export interface YamlProblem {
  /** Whether it is damaged, or written in a way that is not read. */
  readonly code: "Corrupt" | "Unsupported";
  /** It, for a message. */
  readonly state: string;
  /** Where in the text. */
  readonly offset: number;
}

/** What is looked at of a token of the library; those that have `items` hold others. */
export interface YamlToken {
  /** What it is. */
  readonly type: string;
  /** Where it begins. */
  readonly offset: number;
  /** Of an error. */
  readonly message?: string;
  /** Of a document: what is in it. Of others: text. */
  readonly value?: unknown;
  /** What is in it. */
  readonly items?: readonly { key?: YamlToken | null; value?: YamlToken }[];
}

/** Deepest nesting: the library reads level by level on the stack, and comes to no end where that does not suffice. */
export const MAX_DEPTH = 100;

/** What no text of YAML has as it is; the library takes a carriage return, a line break, for a letter. */
// deno-lint-ignore no-control-regex
const STRAY = /[\0-\x08\v\f\x0e-\x1f]|\r(?!\n)/;

/** A control character that stands there as it is. */
export function strayProblem(text: string): YamlProblem | undefined {
  const offset = text.search(STRAY);
  if (offset < 0) return undefined;
  return { code: "Corrupt", state: `${shown(text[offset])} stands there as it is`, offset };
}

/** Looks for nesting that is too deep and for too many aliases, without a level of the stack for each of the text. */
export function tokenProblem(root: YamlToken, maxAliasCount: number): YamlProblem | undefined {
  let aliases = 0;
  const open: [token: YamlToken, depth: number][] = [[root, 0]];
  for (let next; (next = open.pop()) !== undefined;) {
    const [token, depth] = next;
    const { type, offset, items } = token;
    if (type === "error") {
      return { code: "Corrupt", state: token.message ?? "it is no YAML", offset };
    }
    if (type === "alias" && ++aliases > maxAliasCount) {
      return { code: "Unsupported", state: `it has more than ${maxAliasCount} aliases`, offset };
    }
    if (type === "document" && token.value !== undefined) {
      open.push([token.value as YamlToken, depth]);
    }
    if (items === undefined) continue;
    if (depth >= MAX_DEPTH) {
      return {
        code: "Unsupported",
        state: `it is nested more than ${MAX_DEPTH} levels deep`,
        offset,
      };
    }
    for (const { key, value } of items.toReversed()) { // the first is taken next
      if (value) open.push([value, depth + 1]);
      if (key) open.push([key, depth + 1]);
    }
  }
}
