// The entries of a folder with up to millions of files, in little memory.
import { join } from "node:path";
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { heapRoomBytes } from "../../core/system.ts";
import type { FileMode } from "../../core/record.ts";
import type { DiskFile } from "../../disk/disk_file.ts";

export interface FoundFile extends DiskFile {
  /** Its path in the folder, with `/`. */
  name: string;
  /** Absent for an ordinary file. Folders are included if empty, or if times are preserved. */
  mode?: FileMode;
  modifiedAt?: string;
  target?: string;
}

/** Files after which the memory is checked. */
export const CHECK_EVERY = 50_000;
/** Memory of a save for each file that was found, bytes. */
const NEEDED_BYTES = 400;

/** Throws before a save of too many files ends the program: it holds a record of each. */
export function checkMemory(root: string, count: number, roomBytes = heapRoomBytes()): void {
  if (roomBytes === undefined || count * NEEDED_BYTES < roomBytes) return;
  const state = `it has ${count} files or more, too many for the memory of this program`;
  throw invalid("save folder", shown(root), state, {
    hint: "Save it in parts, as one archive, or with more memory: " +
      "DENO_V8_FLAGS=--max-old-space-size=8192 (Node: NODE_OPTIONS)",
  });
}

/** Entries of a folder, without times and sizes, which are checked as files are read. */
export class Entries {
  readonly #root: string;
  readonly #names: readonly string[];
  /** Device and inode of each: an object for each of a million files takes 250 MB. */
  readonly #ids: Float64Array;
  /** Path, mode and target of those that are not ordinary files in the folder, by number. */
  readonly #others = new Map<number, Pick<FoundFile, "path" | "mode" | "target">>();

  constructor(root: string, files: readonly FoundFile[]) {
    this.#root = root;
    this.#names = files.map(({ name }) => name);
    this.#ids = Float64Array.from(
      { length: 2 * files.length },
      (_, i) => files[i >> 1]!.state[i % 2 === 0 ? "dev" : "ino"],
    );
    for (const [i, { path, mode, target }] of files.entries()) {
      if (mode !== undefined || path !== this.#pathOf(i)) {
        this.#others.set(i, { path, mode, target });
      }
    }
  }

  #pathOf(i: number): string {
    return this.#others.get(i)?.path ?? join(this.#root, this.#names[i]!);
  }

  #textOf(i: number): string {
    const { mode, target } = this.#others.get(i) ?? {};
    const [dev, ino] = this.#ids.subarray(2 * i, 2 * i + 2);
    return JSON.stringify([this.#names[i], this.#pathOf(i), mode, target, dev, ino]);
  }

  /** Returns the path of an entry that only one of both has. */
  differenceTo(others: Entries): string | undefined {
    const missing = (some: Entries, all: Entries) => {
      const texts = new Set(all.#names.map((_, i) => all.#textOf(i)));
      const first = some.#names.findIndex((_, i) => !texts.has(some.#textOf(i)));
      return first < 0 ? undefined : some.#pathOf(first);
    };
    return missing(this, others) ?? missing(others, this);
  }
}
