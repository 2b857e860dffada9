// The files of a version while a commit changes it.
import { firstIndex, itemAt, valueAt } from "../../../core/kernel.ts";
import type { FileInfo, FileToSave } from "../../../materializers/mod.ts";

/** Number of paths in a block. Each block counts its live files. */
const BLOCK = 256;

/**
 * Files by path; files of the latest version have no content. A folder is a range of the sorted
 * paths, and blocks without a file are skipped: a commit may delete as many folders as files.
 */
export class LiveFiles extends Map<string, FileToSave | FileInfo> {
  readonly #paths: readonly string[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #counts: Uint32Array;

  /** @param paths all paths that files may have */
  constructor(paths: Iterable<string>) {
    super();
    this.#paths = [...new Set(paths)].sort();
    this.#positions = new Map(this.#paths.map((path, at) => [path, at]));
    this.#counts = new Uint32Array(Math.ceil(this.#paths.length / BLOCK));
  }

  override set(path: string, file: FileToSave | FileInfo): this {
    if (!this.has(path)) this.#count(path, 1);
    return super.set(path, file);
  }

  override delete(path: string): boolean {
    const deleted = super.delete(path);
    if (deleted) this.#count(path, -1);
    return deleted;
  }

  /** Returns false if the folder has no files. */
  deleteFolder(folder: string): boolean {
    const prefix = prefixOf(folder);
    const before = this.size;
    let at = this.#firstFrom(prefix);
    while (this.#paths[at]?.startsWith(prefix)) {
      const block = Math.floor(at / BLOCK);
      if (this.#counts[block] === 0) at = (block + 1) * BLOCK;
      else this.delete(this.#paths[at++]!);
    }
    return this.size < before;
  }

  #count(path: string, by: number): void {
    this.#counts[Math.floor(valueAt(this.#positions, path) / BLOCK)]! += by;
  }

  #firstFrom(path: string): number {
    return firstIndex(this.#paths.length, (at) => itemAt(this.#paths, at) >= path);
  }
}

/** Returns what the paths in a folder begin with. */
function prefixOf(folder: string): string {
  return folder.replace(/(?<!\/)\/*$/, "/");
}

/** The paths of a version that a commit may change. All other files stay, whatever it does. */
export class TouchedPaths {
  readonly #paths = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(changes: readonly { key: string; value: { path: string } }[]) {
    for (const { key, value: { path } } of changes) {
      if (key === "deletedFolder") this.#folders.add(prefixOf(path));
      else this.#paths.add(path);
    }
  }

  has(path: string): boolean {
    if (this.#paths.has(path)) return true;
    if (this.#folders.size === 0) return false;
    for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
      if (this.#folders.has(path.slice(0, end + 1))) return true;
    }
    return false;
  }
}
