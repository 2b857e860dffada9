// One level of the paths of a version, as with the delimiter of S3: its files and its folders.
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import { itemAt } from "../../../core/faults/present.ts";
import type { FileInfo } from "../../../core/record.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { firstIndex } from "../../../core/text/first_index.ts";

/**
 * A file, or a folder with its delimiter.
 *
 * @internal
 */
export type Walked = { path: string; file: FileInfo } | { path: string; file?: undefined };

export interface LevelOptions {
  /** True for the files of a page, false for all files of a version. */
  isPaged: boolean;
  /** Leaves files out. */
  isShown(file: FileInfo): boolean;
  /** The index of the first file. @default 0 */
  from?: number;
}

/** The paths that begin with a prefix, up to a delimiter after it. */
export class Level {
  readonly #prefix: string;
  readonly #delimiter: string;

  constructor(prefix: string, delimiter: string) {
    this.#prefix = prefix;
    this.#delimiter = delimiter;
  }

  /** Returns the folder of the level that a path is in, `""` for none. */
  folderOf(path: string): string {
    const end = this.#delimiter === "" ? -1 : path.indexOf(this.#delimiter, this.#prefix.length);
    return end < 0 || !path.startsWith(this.#prefix)
      ? ""
      : path.slice(0, end + this.#delimiter.length);
  }

  /** True for a folder of the level: the prefix, and a file that ends with the delimiter, are none. */
  isFolder(path: string): boolean {
    return path !== "" && this.folderOf(path) === path;
  }

  /** True for paths after all those of the level. */
  isPast(path: string): boolean {
    return !path.startsWith(this.#prefix) && compareUtf8(path, this.#prefix) > 0;
  }

  /** True for paths after a file, and for those after all paths in a folder. */
  isBeyond(path: string, bound: string): boolean {
    if (bound === "") return true;
    return compareUtf8(path, bound) > 0 && !(this.isFolder(bound) && path.startsWith(bound));
  }

  /** Yields the entries of sorted files. */
  async *entries(
    files: readonly FileInfo[],
    { isPaged, isShown, from = 0 }: LevelOptions,
  ): AsyncGenerator<Walked> {
    const inside = firstFile(files, (path) => compareUtf8(path, this.#prefix) >= 0);
    for (let at = Math.max(from, inside); at < files.length; at++) {
      const file = itemAt(files, at);
      if (!file.path.startsWith(this.#prefix)) return;
      const its = this.folderOf(file.path);
      // A page within one folder stands for those that are skipped.
      const isFull = isPaged && its !== "" && at === 0 && isWithin(files.at(-1)?.path, its);
      if (!isShown(file) && !isFull) continue;
      await giveWay();
      if (its === "") {
        yield { path: file.path, file };
        continue;
      }
      yield { path: its };
      at = firstFile(files, (path) => this.isBeyond(path, its)) - 1;
    }
  }
}

export function isWithin(path: string | undefined, folder: string): boolean {
  return path?.startsWith(folder) ?? false;
}

/** Returns the index of the first file that passes a test, as all after it do. */
export function firstFile(files: readonly FileInfo[], test: (path: string) => boolean): number {
  return firstIndex(files.length, (at) => test(itemAt(files, at).path));
}
