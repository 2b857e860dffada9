// Keys and prefixes in buckets.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/** The names of objects that a store refuses, or takes for another name. */
export interface NameRules {
  refused: RegExp;
  /** How a key has to be, for the hint of an error. */
  hint: string;
}

/** Servers of S3 keep files: an empty segment is another path there, and XML carries no control character. */
export const S3_NAMES: NameRules = {
  // deno-lint-ignore no-control-regex -- they are what it looks for
  refused: /(^|\/)\.{0,2}(\/|$)|[\0-\x1f\x7f\\\ufffe\uffff]/,
  hint:
    'A key has at most 1,024 bytes with its prefix, in segments with "/" between them; none is empty, "." or ' +
    '"..", or has a control character, "\\" or half a surrogate pair.',
};

/** https://cloud.google.com/storage/docs/objects#naming; clients and proxies take `.` and `..` out of URLs. */
export const GCS_NAMES: NameRules = {
  refused: /(^|\/)\.\.?(\/|$)|[\r\n]|^\.well-known\/acme-challenge\//,
  hint: "A key has 1 to 1,024 bytes with its prefix, no line break, no half of a surrogate pair " +
    'and no segment "." or "..", and does not begin with ".well-known/acme-challenge/".',
};

const MAX_NAME_BYTES = 1024;

/** The name of a key's object. Throws `Invalid` for a name that the rules refuse. */
export function objectName(
  { prefix, rules, location: backend }: { prefix: string; rules: NameRules; location: string },
  key: string,
): string {
  const name = prefix + key;
  const isName = key !== "" && !rules.refused.test(name) && key.isWellFormed() &&
    new TextEncoder().encode(name).byteLength <= MAX_NAME_BYTES;
  if (isName) return name;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(key)} as a key`,
    state: "the store cannot keep it",
    hint: rules.hint,
    key,
    backend,
  });
}

/** A prefix without slashes around it and with one behind it, or empty. Throws `Invalid`. */
export function parsePrefix(text: string, { refused }: NameRules): string {
  const prefix = text.replace(/^\/+|\/+$/g, "");
  if (prefix === "") return "";
  if (!refused.test(prefix) && prefix.isWellFormed()) return `${prefix}/`;
  throw fault({
    code: "Invalid",
    action: "use this store",
    state: `${shown(text)} is not a valid prefix`,
    hint: 'Give segments with "/" between them, none of them "." or "..".',
  });
}

export function prefixPath(prefix: string): string {
  return prefix === ""
    ? ""
    : `/${prefix.slice(0, -1).split("/").map(encodeURIComponent).join("/")}`;
}
