// Files whose bytes are stored already, found by digest, and files that may share some of theirs,
// found by path. Jobs get all digests of one size: they store a file unless its digest is among them.
import type { StoredFile } from "../../core/record.ts";

/** Digests of files that need not be stored. */
export type Known = ReadonlySet<string>;

export class KnownFiles {
  readonly bySize: Map<number, Set<string>> = new Map();
  readonly #byDigest = new Map<string, StoredFile>();

  add(file: StoredFile): void {
    const { size, sha256 } = file;
    if (this.#byDigest.has(sha256)) return;
    this.#byDigest.set(sha256, file);
    if (!this.bySize.has(size)) this.bySize.set(size, new Set());
    this.bySize.get(size)!.add(sha256);
  }

  same({ size, sha256 }: Pick<StoredFile, "size" | "sha256">): StoredFile | undefined {
    const file = this.#byDigest.get(sha256);
    return file?.size === size ? file : undefined;
  }
}

/** Returns files by path, by `/` and their name if only one has it, and by "" if they are one. */
export function byPlace<F>(files: readonly [path: string, F][]): Map<string, F> {
  const found = new Map(files);
  const names = Map.groupBy(files, ([path]) => nameKey(path));
  for (const [key, [first, ...others]] of names) {
    if (others.length === 0) found.set(key, first![1]);
  }
  if (files.length === 1) found.set("", files[0]![1]);
  return found;
}

/** Returns the file at a path, else the one that was probably renamed to it. */
export function earlierAt<F>(files: ReadonlyMap<string, F>, path: string): F | undefined {
  return files.get(path) ?? files.get(nameKey(path)) ?? files.get("");
}

function nameKey(path: string): string {
  return `/${path.slice(path.lastIndexOf("/") + 1)}`;
}
