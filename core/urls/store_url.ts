// URLs of stores: `scheme://bucket/prefix?name=value`. What follows the bucket is given as it is
// written: in the URL of a store it has percent escapes and parameters, in that of an object
// (`scheme://bucket/key`) it is the key, each character.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";

export interface StoreUrl {
  /** What stands before `:`, in lower case. */
  scheme: string;
  /** What stands between `//` and the next `/` or `?`. */
  bucket: string;
  /** What follows it, without its first `/`. */
  path: string;
}

/** Like `scheme://bucket`: a scheme and two slashes. */
const STORE_URL = /^([a-z][a-z0-9+.-]+):\/\/([^/?]*)\/?(.*)$/is;

/** True for a text that is a URL with two slashes, but for `file:`. */
export function isStoreUrl(text: string): boolean {
  return STORE_URL.test(text) && !/^file:/i.test(text);
}

/**
 * Takes the URL of a store apart. Messages show no more than its scheme: the rest of a wrong one may hold credentials.
 *
 * @throws {RegistryError} `Invalid`
 */
export function parseStoreUrl(text: string): StoreUrl {
  const [, scheme, bucket, path] = STORE_URL.exec(text) ?? [];
  if (scheme === undefined) throw invalid("…", "it is not a URL like scheme://bucket/prefix");
  const parsed = { scheme: scheme.toLowerCase(), bucket, path };
  if (/[@:]/.test(bucket)) {
    throw invalid(
      `${parsed.scheme}://…`,
      "it has credentials or a port in it",
      "After // stands a bucket alone. Credentials are given by an option or the environment, a port with ?endpoint=….",
    );
  }
  return parsed;
}

/**
 * Throws `Invalid` for what cannot be the name of a bucket anywhere.
 *
 * Each store has closer rules of its own and says when one is broken.
 */
export function checkBucket(bucket: string, scheme: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bucket) && bucket.length <= 222) return;
  const state = bucket === ""
    ? "it names no bucket"
    : `${shown(bucket)} cannot be the name of a bucket`;
  throw invalid(
    `${scheme}://…`,
    state,
    "A bucket is named by letters, digits, dots, dashes and underscores.",
  );
}

function invalid(
  url: string,
  state: string,
  hint = "Write it as scheme://bucket/prefix.",
): RegistryError {
  return fault({ code: "Invalid", action: "use the URL", subject: url, state, hint });
}
