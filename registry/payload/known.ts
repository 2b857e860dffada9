// Files whose bytes are stored already, found by digest. Jobs get all digests of one size: they
// store a file unless its digest is among them.
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
