// Patterns of paths: `s3://bucket/models/{name}/{version}`. The parts before the first placeholder are
// the folder or bucket; each other part is matched with the names in one folder.
import { invalid, isStoreUrl } from "../../../../core/kernel.ts";
import { withoutSecrets } from "../source_files.ts";

/** The texts of placeholders. */
export interface Matched {
  readonly names: readonly string[];
  readonly version?: string;
}

export interface Part {
  /** The text of a part without placeholders. */
  readonly literal?: string;
  /** Returns what a name of a folder or file matches; undefined if it does not. */
  match(name: string): Matched | undefined;
}

export interface Pattern {
  /** The folder or URL. */
  readonly base: string;
  readonly parts: readonly Part[];
  readonly hasName: boolean;
}

/** Limit of placeholders in a part, so that matching a name is fast. */
const MOST_WILDCARDS = 3;
const WILDCARD = /\{name\}|\{version\}|\*/;

/** Parses a pattern. Throws `Invalid`. */
export function parsePattern(text: string): Pattern {
  const { path, query } = splitQuery(text);
  const all = path.replace(/\/+$/, "").split("/");
  const first = all.findIndex((part) => /[{*]/.test(part));
  const own = first < 0 ? [] : all.slice(first);
  const versions = own.join("/").match(/\{version\}/g)?.length ?? 0;
  const hasName = own.some((part) => part.includes("{name}"));
  if (versions > 1) throw wrong(text, "it has {version} more than once");
  if (versions === 0 && !hasName) throw wrong(text, "it has neither {name} nor {version}");
  const base = first === 0 ? "." : all.slice(0, first).join("/") || "/";
  if (/^[a-z][a-z0-9+.-]*:\/*$/i.test(base)) throw wrong(text, "its bucket is a placeholder");
  return { base: base + query, parts: own.map((part) => parsePart(part, text)), hasName };
}

/** Splits off the parameters of a URL: `?endpoint=http://127.0.0.1:9000`. */
export function splitQuery(place: string): { path: string; query: string } {
  const at = isStoreUrl(place) ? place.indexOf("?") : -1;
  return at < 0 ? { path: place, query: "" } : { path: place.slice(0, at), query: place.slice(at) };
}

function parsePart(part: string, text: string): Part {
  if (["", ".", ".."].includes(part)) throw wrong(text, `it has the part ${JSON.stringify(part)}`);
  const tokens = part.split(new RegExp(`(${WILDCARD.source})`)).filter((token) => token !== "");
  const wildcards = tokens.filter(isWildcard);
  const unknown = tokens.find((token) => !isWildcard(token) && /[{}]/.test(token));
  if (unknown !== undefined) throw wrong(text, `${unknown} is not a placeholder`);
  if (part.includes("**")) throw wrong(text, "** is not supported");
  if (wildcards.length > MOST_WILDCARDS) {
    throw wrong(text, `${part} has more than ${MOST_WILDCARDS} placeholders`);
  }
  const source = tokens.map((token) =>
    isWildcard(token) ? "([^]+)" : token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")
  );
  const pattern = new RegExp(`^${source.join("")}$`);
  return {
    ...wildcards.length === 0 && { literal: part },
    match(name) {
      if (name.startsWith(".") && !part.startsWith(".")) return undefined; // as in a shell
      const values = pattern.exec(name)?.slice(1);
      if (values === undefined) return undefined;
      const names = values.filter((_, i) => wildcards[i] === "{name}");
      const version = values[wildcards.indexOf("{version}")];
      return { names, ...version !== undefined && { version } };
    },
  };
}

function isWildcard(token: string): boolean {
  return token === "*" || token === "{name}" || token === "{version}";
}

function wrong(text: string, state: string) {
  return invalid("import from", JSON.stringify(withoutSecrets(text)), state, {
    hint: "Write a folder or bucket, then {name}, {version} or * in place of names: " +
      "'./models/{name}/{version}'. Two {name} make a name of two parts.",
  });
}

/**
 * Returns the version that a string means: `v3` is 3, `003` is 3, and `2026-11-29` is 2026.11.29.
 * Other strings stay.
 */
export function versionIn(text: string): string {
  const isDate = /^\d{4}[-_]\d\d?[-_]\d\d?$/.test(text);
  const plain = isDate ? text.replace(/[-_]/g, ".") : text.replace(/^[vV](?=\d)/, "");
  const [, numbers = "", rest = ""] = /^([\d.]*)([^]*)$/.exec(plain) ?? [];
  return numbers.replace(/(^|\.)0+(?=\d)/g, "$1") + rest;
}
