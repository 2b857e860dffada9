// Keys of objects: the names, refs and files that they mean. `NAME/@REF/PATH` is a file of a version,
// and `NAME@REF/PATH` is read as the same. A name has no `@`, so the first one ends it.
// `NAME//@REF` is the name `NAME/`: one slash before the `@` belongs to the key.

/** A file of a version, or with the path "" all its files. */
export interface FileAddress {
  name: string;
  /** A version, a range, an alias or `latest`. */
  ref: string;
  path: string;
}

/** A key, or the beginning of keys. */
export type KeyParts =
  /** It ends before the first `@`. */
  | { kind: "names"; prefix: string }
  /** It ends in a ref; `root` is the key up to its `@`. */
  | { kind: "refs"; root: string; name: string; prefix: string }
  /** `root` is the key up to the slash after the ref. */
  | { kind: "files"; root: string } & FileAddress;

export function parseKey(key: string): KeyParts {
  const at = key.indexOf("@");
  if (at < 0) return { kind: "names", prefix: key };
  const name = key.slice(0, key[at - 1] === "/" ? at - 1 : at);
  const end = key.indexOf("/", at);
  if (end < 0) return { kind: "refs", root: key.slice(0, at + 1), name, prefix: key.slice(at + 1) };
  const root = key.slice(0, end + 1);
  return { kind: "files", root, name, ref: key.slice(at + 1, end), path: key.slice(end + 1) };
}
