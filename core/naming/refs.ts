// Refs: how a version of an artifact is asked for.
import { fault } from "../errors.ts";
import { checkName, shown } from "./names.ts";
import { isRange, isVersion, parseVersion, parseVersionRange } from "./versions.ts";
import type { Version, VersionRange } from "./versions.ts";

/** Which version of a name is meant. */
export type Selector =
  | { kind: "latest" }
  | { kind: "version"; version: Version }
  | { kind: "range"; text: string; range: VersionRange }
  | { kind: "alias"; alias: string };

/** A ref, parsed. */
export interface Ref {
  name: string;
  /** Which of its versions; `latest` where the ref says nothing. */
  selector: Selector;
  bare: boolean;
}

/**
 * Parses `name`, `name@1.2.0`, `name@^1.2`, `name@latest`, `name@production`.
 *
 * @param version the version, given beside a bare name; both at once is `Invalid`
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
  if (typeof ref !== "string") {
    throw fault({
      code: "Invalid",
      action: "read ref",
      subject: shown(ref),
      state: "not a text",
      hint: `A ref is "name" or "name@version".`,
    });
  }
  const at = ref.indexOf("@");
  const name = at < 0 ? ref : ref.slice(0, at);
  checkName(name);
  if (at >= 0 && version !== undefined) {
    throw fault({
      code: "Invalid",
      action: "read ref",
      subject: shown(ref),
      state: "a version is given twice",
      hint: `Write "name@version", or the name and { version }, not both.`,
    });
  }
  const text = at < 0 ? version : ref.slice(at + 1);
  return {
    name,
    selector: text === undefined ? { kind: "latest" } : parseSelector(text),
    bare: text === undefined,
  };
}

/** Parses what stands behind the `@` of a ref. */
export function parseSelector(text: string): Selector {
  if (text === "latest") return { kind: "latest" };
  if (typeof text !== "string") parseVersion(text); // throws, and says what a version is
  if (isVersion(text)) return { kind: "version", version: parseVersion(text) };
  if (text.trim() === text && text !== "" && isRange(text)) {
    return { kind: "range", text, range: parseVersionRange(text) };
  }
  if (looksLikeVersion(text)) parseVersion(text); // throws, and says what a version is
  checkAlias(text);
  return { kind: "alias", alias: text };
}

/** Throws `Invalid` unless this can be an alias: a name that does not look like a version, a range or `latest`. */
export function checkAlias(alias: string): void {
  checkName(alias, "alias");
  if (alias !== "latest" && !isRange(alias) && !looksLikeVersion(alias)) return;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(alias)} as alias`,
    state: "it looks like a version",
    hint: `An alias is a word such as "production" or "canary".`,
  });
}

/** Texts that somebody meant as a version: they begin with a digit, a sign or a `v` and a digit. */
function looksLikeVersion(text: string): boolean {
  return text === "" || text.trim() !== text || /^[vV+.-]?\p{Nd}/u.test(text);
}
