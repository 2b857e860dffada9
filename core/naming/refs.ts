// Refs: names with a version, range or alias.
import { fault } from "../errors.ts";
import { checkName, checkNewName, shown } from "./names.ts";
import { isRange, isVersion, parseVersion, parseVersionRange } from "./versions.ts";
import type { Version, VersionRange } from "./versions.ts";

/** A ref, parsed. */
export interface Ref {
  name: string;
  /** The part that selects a version, `latest` by default. */
  selector:
    | { kind: "latest" }
    | { kind: "version"; version: Version }
    | { kind: "range"; text: string; range: VersionRange }
    | { kind: "alias"; alias: string };
  bare: boolean;
}

export type Selector = Ref["selector"];

/**
 * Parses `name`, `name@1.2.0`, `name@^1.2`, `name@latest`, `name@production`.
 *
 * @param version the version, if `ref` is a bare name; both is `Invalid`
 *
 * @example
 * ```ts
 * import { parseRef } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseRef("my:model@production").selector, { kind: "alias", alias: "production" });
 * ```
 */
export function parseRef(ref: string, version?: string): Ref {
  const invalid = (state: string, hint: string) =>
    fault({ code: "Invalid", action: "read ref", subject: shown(ref), state, hint });
  if (typeof ref !== "string") throw invalid("not a string", 'Pass "name" or "name@version".');
  const at = ref.indexOf("@");
  const name = at < 0 ? ref : ref.slice(0, at);
  checkName(name);
  if (at >= 0 && version !== undefined) {
    throw invalid(
      "it has a version, and another is given",
      'Pass "name@version" or { version }, not both.',
    );
  }
  const text = at < 0 ? version : ref.slice(at + 1);
  return {
    name,
    selector: text === undefined ? { kind: "latest" } : parseSelector(text),
    bare: text === undefined,
  };
}

/** Parses the target of a copy, `name` or `name@1.2.0`, as the name and version of a save. */
export function parseTarget(to: string): { name: string; version?: string } {
  const { bare, name, selector } = parseRef(to);
  if (bare) return { name };
  if (selector.kind === "version") return { name, version: selector.version.full };
  const state = "expected NAME or NAME@VERSION";
  const hint = 'Pass "model" or "model@2.0.0".';
  throw fault({ code: "Invalid", action: "copy to", subject: shown(to), state, hint });
}

export function parseSelector(text: string): Selector {
  if (text === "latest") return { kind: "latest" };
  if (typeof text !== "string") parseVersion(text); // throws
  if (text.includes("/")) checkAlias(text); // throws
  if (isVersion(text)) return { kind: "version", version: parseVersion(text) };
  if (text.trim() === text && text !== "" && isRange(text)) {
    return { kind: "range", text, range: parseVersionRange(text) };
  }
  if (looksLikeVersion(text)) parseVersion(text); // throws
  checkAlias(text);
  return { kind: "alias", alias: text };
}

/** Returns the aliases to set. Throws `Invalid` for one that cannot be set. */
export function newAliases(alias: string | readonly string[] = []): readonly string[] {
  const aliases = typeof alias === "string" ? [alias] : alias;
  for (const each of aliases) {
    checkAlias(each);
    checkNewName(each, "alias");
  }
  return aliases;
}

/** Throws `Invalid` for an invalid name, one with `/`, or like a version, a range or `latest`. */
export function checkAlias(alias: string): void {
  checkName(alias, "alias");
  if (alias.includes("/")) {
    const subject = `${shown(alias)} as alias`;
    const hint = 'Use one word. A member of a release ("serving@production/model") is only read: ' +
      "by load, get, open, download, info and has.";
    throw fault({ code: "Invalid", action: "use", subject, state: "it contains /", hint });
  }
  if (alias !== "latest" && !isRange(alias) && !looksLikeVersion(alias)) return;
  const subject = `${shown(alias)} as alias`;
  const hint = 'Use a word such as "production" or "canary".';
  const state = alias === "latest"
    ? "it is the newest version"
    : `it ${/\s/.test(alias) ? "contains white space" : "looks like a version or a range"}`;
  throw fault({ code: "Invalid", action: "use", subject, state, hint });
}

/** True for a string that starts with a digit, or a sign or `v` and a digit. */
function looksLikeVersion(text: string): boolean {
  return text === "" || text.trim() !== text || /^[vV+.-]?\p{Nd}/u.test(text);
}
