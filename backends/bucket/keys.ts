// Keys and prefixes in buckets.
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

/** Names of objects that a store rejects, or confuses with another name. */
interface NameRules {
  refused: RegExp;
  hint: string;
}

/**
 * S3 servers may keep objects as files, where an empty segment is another path; XML has no control
 * characters.
 */
export const S3_NAMES: NameRules = {
  // deno-lint-ignore no-control-regex -- matches control characters on purpose
  refused: /(^|\/)\.{0,2}(\/|$)|[\0-\x1f\x7f\\\ufffe\uffff]/,
  hint: 'Use at most 1,024 bytes with the prefix, in segments separated by "/", none of them ' +
    'empty, "." or "..", without control characters, "\\" or unpaired surrogates.',
};

/**
 * https://cloud.google.com/storage/docs/objects#naming; clients and proxies remove `.` and `..`
 * from URLs.
 */
export const GCS_NAMES: NameRules = {
  refused: /(^|\/)\.\.?(\/|$)|[\r\n]|^\.well-known\/acme-challenge\//,
  hint: "Use 1 to 1,024 bytes with the prefix, without line breaks, unpaired surrogates or " +
    'segments "." and "..", and not below ".well-known/acme-challenge/".',
};

const MAX_NAME_BYTES = 1024;

/** Returns the object name of a key. Throws `Invalid` for a name that the rules reject. */
export function objectName(
  { prefix, rules, location: backend }: { prefix: string; rules: NameRules; location: string },
  key: string,
): string {
  const name = prefix + key;
  const isName = key !== "" && !rules.refused.test(name) && key.isWellFormed() &&
    (name.length * 3 <= MAX_NAME_BYTES || // no character of UTF-16 takes more bytes
      new TextEncoder().encode(name).byteLength <= MAX_NAME_BYTES);
  if (isName) return name;
  throw invalid("use", `${shown(key)} as a key`, "the store does not accept it", {
    hint: rules.hint,
    key,
    backend,
  });
}

/** Returns a prefix without leading slashes and with one at its end, or "". Throws `Invalid`. */
export function parsePrefix(text: string, { refused }: NameRules): string {
  const prefix = text.replace(/^\/+|\/+$/g, "");
  if (prefix === "") return "";
  if (!refused.test(prefix) && prefix.isWellFormed()) return `${prefix}/`;
  throw invalid("open store", undefined, `invalid prefix ${shown(text)}`, {
    hint: 'Use segments separated by "/", none of them "." or "..".',
  });
}

export function prefixPath(prefix: string): string {
  if (prefix === "") return "";
  return `/${prefix.slice(0, -1).split("/").map(encodeURIComponent).join("/")}`;
}
