// URLs of stores: `scheme://bucket/prefix?name=value`. The part after the bucket is returned as is:
// URLs of stores have percent escapes and parameters there, URLs of objects (`scheme://bucket/key`)
// the literal key.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";

interface StoreUrl {
  /** In lower case. */
  scheme: string;
  /** The part between `//` and the next `/` or `?`. */
  bucket: string;
  /** The rest, without its first `/`. */
  path: string;
}

const STORE_URL = /^([a-z][a-z0-9+.-]+):\/\/([^/?]*)\/?(.*)$/is;

/** True for a URL with two slashes, except `file:`. */
export function isStoreUrl(text: string): boolean {
  return STORE_URL.test(text) && !/^file:/i.test(text);
}

/** Parses the URL of a store. Messages show only its scheme: the rest may be secret. */
export function parseStoreUrl(text: string): StoreUrl {
  const [, scheme, bucket = "", path = ""] = STORE_URL.exec(text) ?? [];
  if (scheme === undefined) throw invalid("…", "it is not a URL like scheme://bucket/prefix");
  const parsed = { scheme: scheme.toLowerCase(), bucket, path };
  if (/^arn:/.test(bucket)) {
    const hint = "Use the alias of the access point, which ends with -s3alias.";
    throw invalid(`${parsed.scheme}://…`, "it contains an ARN", hint);
  }
  if (/[@:]/.test(bucket)) {
    throw invalid(
      `${parsed.scheme}://…`,
      "it contains credentials or a port",
      "Write a bucket after //. Pass credentials as options, and a port with ?endpoint=….",
    );
  }
  return parsed;
}

/** Throws `Invalid` for a name that no store allows for buckets. */
export function checkBucket(bucket: string, scheme: string): void {
  const isText = typeof bucket === "string";
  if (isText && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(bucket) && bucket.length <= 222) return;
  if (bucket === "") throw invalid(`${scheme}://…`, "it has no bucket");
  const state = `invalid bucket name ${shown(bucket)}`;
  throw invalid(`${scheme}://…`, state, "Use letters, digits, dots, dashes and underscores.");
}

function invalid(
  url: string,
  state: string,
  hint = "Write it as scheme://bucket/prefix.",
): RegistryError {
  return fault({ code: "Invalid", action: "use the URL", subject: url, state, hint });
}
