// Files whose bytes are stored already, found by digest, and files that may share some of theirs,
// found by path. Jobs get all digests of one size: they store a file unless its digest is among them.
import { itemAt, valueAt } from "../../core/faults/present.ts";
import type { StoredFile } from "../../core/record.ts";

/** Digests of files that need not be stored. */
export type Known = ReadonlySet<string>;

/**
 * Stored files that a save takes instead of sending their bytes: those of its own payload, of its
 * base, or of an interrupted save.
 */
export interface Shelf {
  /** Returns the digests of its files of this size. */
  known(size: number): Known | undefined;
  /** Points a file with a digest to its stored bytes. False if it is not here, or they are gone. */
  take(file: StoredFile): boolean | Promise<boolean>;
}

/** Points a file to stored bytes. */
export function pointTo(file: StoredFile, same: Partial<StoredFile>): void {
  delete file.encoding;
  delete file.values;
  Object.assign(file, same);
}

/** Returns how a file is stored, without the members that it lacks. */
export function storedAs(
  { encoding, values }: Pick<StoredFile, "encoding" | "values">,
): Pick<StoredFile, "encoding" | "values"> {
  return { ...(encoding && { encoding }), ...(values && { values }) };
}

export class KnownFiles {
  readonly bySize: Map<number, Set<string>> = new Map();
  readonly #byDigest = new Map<string, StoredFile>();

  add(file: StoredFile): void {
    const { size, sha256 } = file;
    if (this.#byDigest.has(sha256)) return;
    this.#byDigest.set(sha256, file);
    if (!this.bySize.has(size)) this.bySize.set(size, new Set());
    valueAt(this.bySize, size).add(sha256);
  }

  same({ size, sha256 }: Pick<StoredFile, "size" | "sha256">): StoredFile | undefined {
    const file = this.#byDigest.get(sha256);
    return file?.size === size ? file : undefined;
  }
}

/** Indexes files by path, by `/` and a name that is unique, and by "" if there is only one. */
export function byPlace<F>(files: readonly [path: string, F][]): Map<string, F> {
  const all = new Map(files);
  const names = Map.groupBy(files, ([path]) => nameKey(path));
  for (const [key, [first, ...others]] of names) {
    if (others.length === 0) all.set(key, first![1]);
  }
  if (files.length === 1) all.set("", itemAt(files, 0)[1]);
  return all;
}

/**
 * Returns the file at a path, else one of about this size that was probably renamed to it: once,
 * because comparing reads it.
 */
export function earlierAt<F extends { size: number }>(
  files: Map<string, F>,
  { path, size = 0 }: { path: string; size?: number },
): F | undefined {
  const same = files.get(path);
  if (same !== undefined) return same;
  for (const key of [nameKey(path), ""]) {
    const file = files.get(key);
    if (file === undefined || file.size > 2 * size || size > 2 * file.size) continue;
    files.delete(key);
    return file;
  }
}

function nameKey(path: string): string {
  return `/${path.slice(path.lastIndexOf("/") + 1)}`;
}
