// Where the objects of a backend are: its bucket, the prefix inside, and how keys become names of
// objects.
import { fault } from "../../core/errors.ts";

export interface Place {
  readonly bucket: string;
  /** What the names of all objects begin with: nothing, or text with `/` at its end. */
  readonly prefix: string;
  readonly location: string;
  /** The object's name of a key. Throws `Invalid` where the store, or a URL, cannot hold it. */
  nameOf(key: string): string;
  /** What the names of keys with this beginning begin with. Throws `Invalid` for what is no text. */
  nameStart(keyStart: string): string;
  keyOf(name: string): string;
}

/** Options of {@linkcode createPlace}. */
export interface PlaceOptions {
  bucket: string;
  prefix: string;
  endpoint?: string;
}

const MAX_NAME_BYTES = 1024;

/** Makes a place. `endpoint` is said in the location only where it is not Google's own. */
export function createPlace({ bucket, prefix, endpoint }: PlaceOptions): Place {
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
  if (!prefix.isWellFormed()) {
    throw fault({
      code: "Invalid",
      action: "open bucket",
      subject: JSON.stringify(bucket),
      state: "its prefix has half a surrogate pair",
      hint: "Prefixes are Unicode text.",
    });
  }
  const folder = prefix.replace(/^\/+|\/+$/g, "");
  const start = folder === "" ? "" : `${folder}/`;
  const url = `gs://${bucket}${
    folder === "" ? "" : `/${encodeURI(folder).replace(/[?#]/g, encodeURIComponent)}`
  }`;
  const location = endpoint === undefined ? url : `${url}?endpoint=${encodeURIComponent(endpoint)}`;
  const invalid = (key: string, state: string, hint: string) =>
    fault({
      code: "Invalid",
      action: "use key",
      subject: JSON.stringify(key.slice(0, 100)),
      state,
      hint,
      key,
      backend: location,
    });

  function nameStart(key: string): string {
    if (key.isWellFormed()) return start + key;
    throw invalid(key, "it has half a surrogate pair", "Keys are Unicode text.");
  }

  function checkName(key: string): string {
    const name = nameStart(key);
    if (key === "") throw invalid(key, "it is empty", "Keys have at least one character.");
    if (new TextEncoder().encode(name).byteLength > MAX_NAME_BYTES) {
      throw invalid(
        key,
        `with its prefix it has more than ${MAX_NAME_BYTES} bytes`,
        "Choose a shorter key or prefix.",
      );
    }
    // https://cloud.google.com/storage/docs/objects#naming
    if (/[\r\n]/.test(name)) {
      throw invalid(key, "it has a line break", "The store keeps none in names.");
    }
    if (/^\.well-known\/acme-challenge\//.test(name)) {
      throw invalid(key, "the store keeps such names for itself", "Choose another key.");
    }
    if (/(^|\/)\.\.?(\/|$)/.test(name)) {
      throw invalid(
        key,
        "a part of it is . or ..",
        "Clients and proxies take such parts out of URLs: choose others.",
      );
    }
    return name;
  }

  return {
    bucket,
    prefix: start,
    location,
    nameOf: checkName,
    nameStart,
    keyOf: (name) => name.slice(start.length),
  };
}
