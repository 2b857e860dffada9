// A note of the files on this disk that the last save of a name had. A file whose inode, size
// and times are the same has the same bytes, so the next save does not read it.
import { lstatSync, statfsSync } from "node:fs";
import { isGranted } from "../../core/system.ts";
import type { StoredFile } from "../../core/record.ts";
import { type DiskContent, type DiskFile, isSameState } from "../../disk/disk_file.ts";
import type { NoteKeeper } from "./unfinished.ts";

/**
 * A file that was changed this shortly before the save is not remembered, milliseconds: its change
 * time has whole seconds, and programs that map a file into memory change it without a new time
 * until Linux has written it (30 s).
 */
const SETTLED_MS = 60_000;
/** Less is read as fast as it is remembered. */
const LEAST_BYTES = 8 * 1024 * 1024;
/** Disks of this machine that keep inodes, and set change times by its clock (`statfs`). */
const TRUSTED_DISKS = new Set([
  0xef53, // ext2 to ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
  0x1a, // APFS
]);

/** Path, inode, size in bytes, modification and change time in milliseconds, SHA-256. */
type Seen = [string, number, number, number, number, string];

/** Files below one folder of one disk. */
interface Note {
  root: string;
  dev: number;
  files: Seen[];
}

export class SeenFiles {
  readonly #keeper: NoteKeeper;
  readonly #startedAt: number;
  readonly #before: ReadonlyMap<string, Seen>;
  readonly #dev: number;
  readonly #now: [DiskFile, StoredFile][] = [];

  private constructor(keeper: NoteKeeper, startedAt: number, note?: Note) {
    this.#keeper = keeper;
    this.#startedAt = startedAt;
    this.#dev = note?.dev ?? -1;
    this.#before = new Map(note?.files.map((seen) => [note.root + seen[0], seen]));
  }

  /** Reads the note of a name. `startedAt` is a local time before the files were found. */
  static async open(
    keeper: NoteKeeper | undefined,
    startedAt: number,
  ): Promise<SeenFiles | undefined> {
    if (keeper === undefined) return undefined;
    const bytes = await keeper.read();
    try {
      const note = bytes && JSON.parse(new TextDecoder().decode(bytes));
      return new SeenFiles(keeper, startedAt, note);
    } catch {
      return new SeenFiles(keeper, startedAt); // a note of another release
    }
  }

  /** True if files were seen before. */
  get some(): boolean {
    return this.#before.size > 0;
  }

  /** Returns the SHA-256 of a file that has not changed since it was read. */
  find({ file: disk, readAll }: DiskContent, file: StoredFile): string | undefined {
    this.#now.push([disk, file]);
    const seen = readAll ? undefined : this.#before.get(disk.path);
    if (seen === undefined) return undefined;
    const [, ino, size, mtimeMs, ctimeMs, sha256] = seen;
    const state = { dev: this.#dev, ino, size, mtimeMs, ctimeMs };
    return isSameState(disk.state, state) ? sha256 : undefined;
  }

  /** Remembers the files of a save that is done. Never throws: without a note, all are read. */
  async keep(): Promise<void> {
    await this.#keep().catch(() => {}); // the folder is gone, or the note is too long
  }

  async #keep(): Promise<void> {
    const first = this.#now.find(([{ path }, file]) => path.endsWith(`/${file.path}`));
    if (first === undefined) return;
    const [{ path }, file] = first;
    const root = path.slice(0, -file.path.length);
    if (!showsChanges(root)) return;
    const { dev } = lstatSync(root); // what is mounted below it has another number
    const settled = this.#now.filter(([{ path, state }, file]) =>
      path === root + file.path && state.dev === dev && file.sha256 !== "" &&
      Math.max(state.mtimeMs, state.ctimeMs) < this.#startedAt - SETTLED_MS
    );
    const bytes = settled.reduce((sum, [, { size }]) => sum + size, 0);
    if (bytes < LEAST_BYTES) return;
    const files = settled.map(([{ state }, { path, sha256 }]): Seen => {
      const { ino, size, mtimeMs, ctimeMs } = state;
      return [path, ino, size, mtimeMs, ctimeMs, sha256];
    });
    await this.#keeper.write(new TextEncoder().encode(JSON.stringify({ root, dev, files })));
  }
}

/** True for a folder on a disk whose times and inodes show each change. */
export function showsChanges(folder: string): boolean {
  if (!isGranted({ name: "sys", kind: "statfs" })) return false; // Deno would ask
  return TRUSTED_DISKS.has(Number(statfsSync(folder).type));
}
