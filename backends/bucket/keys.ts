// Keys and prefixes in buckets.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/** An empty segment, `.` or `..`, a control character, a backslash, or one that XML cannot carry. */
// deno-lint-ignore no-control-regex -- they are what it looks for
const REFUSED = /(^|\/)\.{0,2}(\/|$)|[\0-\x1f\x7f\\\ufffe\uffff]/;
const MAX_NAME_BYTES = 1024;

/** The name of a key's object. Throws `Invalid` for what some store, or a URL, would take for another key. */
export function objectName(prefix: string, key: string, backend: string): string {
  const name = prefix + key;
  const isName = !REFUSED.test(key) && key.isWellFormed() &&
    new TextEncoder().encode(name).byteLength <= MAX_NAME_BYTES;
  if (isName) return name;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(key)} as a key`,
    state: "not every store can keep it",
    hint:
      'A key has at most 1,024 bytes with its prefix, in segments with "/" between them; none is empty, "." or ' +
      '"..", or has a control character, "\\" or half a surrogate pair.',
    key,
    backend,
  });
}

/** A prefix without slashes around it and with one behind it, or empty. Throws `Invalid`. */
export function parsePrefix(text: string): string {
  const prefix = text.replace(/^\/+|\/+$/g, "");
  if (prefix === "") return "";
  if (!REFUSED.test(prefix) && prefix.isWellFormed()) return `${prefix}/`;
  throw fault({
    code: "Invalid",
    action: "use this store",
    state: `${shown(text)} is no prefix`,
    hint: 'Give segments with "/" between them, none of them empty, "." or "..".',
  });
}

export function prefixPath(prefix: string): string {
  return prefix === ""
    ? ""
    : `/${prefix.slice(0, -1).split("/").map(encodeURIComponent).join("/")}`;
}
