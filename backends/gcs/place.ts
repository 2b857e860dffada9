// The bucket and prefix of a backend, and the object names of its keys.
import { invalid } from "../../core/errors.ts";
import { GCS_NAMES, objectName, parsePrefix, prefixPath } from "../bucket/keys.ts";

export interface Place {
  readonly bucket: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
  readonly location: string;
  /** Returns the object name of a key. Throws `Invalid` if the store does not accept it. */
  nameOf(key: string): string;
  keyOf(name: string): string;
}

/** @param endpoint undefined for that of Google */
export function createPlace(
  { bucket, prefix: rawPrefix, endpoint }: { bucket: string; prefix: string; endpoint?: string },
): Place {
  if (!/^[a-z0-9][-a-z0-9_.]{1,220}[a-z0-9]$/.test(bucket)) {
    throw invalid("open bucket", JSON.stringify(bucket), "invalid bucket name", {
      hint: "Use 3 to 222 lowercase letters, digits, dashes, dots and underscores, without gs://.",
    });
  }
  const prefix = parsePrefix(rawPrefix, GCS_NAMES);
  const url = `gs://${bucket}${prefixPath(prefix)}`;
  const location = endpoint === undefined ? url : `${url}?endpoint=${encodeURIComponent(endpoint)}`;
  return {
    bucket,
    prefix,
    location,
    nameOf: (key) => objectName({ prefix, rules: GCS_NAMES, location }, key),
    keyOf: (name) => name.slice(prefix.length),
  };
}
