// Where the objects of a backend are: its bucket, the prefix inside, and how keys become names of
// objects.
import { fault } from "../../core/errors.ts";
import { GCS_NAMES, objectName, parsePrefix, prefixPath } from "../bucket/keys.ts";

export interface Place {
  readonly bucket: string;
  /** What the names of all objects begin with: nothing, or text with `/` at its end. */
  readonly prefix: string;
  readonly location: string;
  /** The object's name of a key. Throws `Invalid` where the store, or a URL, cannot hold it. */
  nameOf(key: string): string;
  keyOf(name: string): string;
}

/** Makes a place. `endpoint` is said in the location only where it is not Google's own. */
export function createPlace(
  { bucket, prefix: given, endpoint }: { bucket: string; prefix: string; endpoint?: string },
): Place {
  if (!/^[a-z0-9][-a-z0-9_.]{1,220}[a-z0-9]$/.test(bucket)) {
    throw fault({
      code: "Invalid",
      action: "open bucket",
      subject: JSON.stringify(bucket),
      state: "no bucket has such a name",
      hint:
        "3 to 222 small letters, digits, dashes, dots and underscores, without gs:// before them.",
    });
  }
  const prefix = parsePrefix(given, GCS_NAMES);
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
