// A note of the files on this disk that the last save of a name had. A file whose inode, size
// and times are the same has the same bytes, so the next save does not read it. On another disk they
// mean nothing, so the note names its disk.
import { lstatSync, statfsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isGranted } from "../../core/system.ts";
import type { StoredFile } from "../../core/record.ts";
import { type DiskContent, type DiskFile, isSameState } from "../../disk/disk_file.ts";
import { diskIdentity } from "../../disk/mounts/identity.ts";
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
  /** See {@linkcode diskIdentity}. */
  disk: string;
  files: Seen[];
}

/** A folder on a disk. */
interface Place {
  root: string;
  /** The number of the disk while it is mounted: what is mounted below has another. */
  dev: number;
  disk: string;
}

export class SeenFiles {
  readonly #keeper: NoteKeeper;
  readonly #startedAt: number;
  readonly #note?: Note;
  readonly #before: ReadonlyMap<string, Seen>;
  readonly #diskOf: typeof diskIdentity;
  /** The files to remember, and four numbers of each: objects would take a gigabyte of a million. */
  readonly #now: StoredFile[] = [];
  readonly #states: number[] = [];
  /** The folder and its disk, before any file was read. */
  #place?: Place | "unknown";

  private constructor(
    keeper: NoteKeeper,
    startedAt: number,
    { note, diskOf }: { note?: Note; diskOf: typeof diskIdentity },
  ) {
    this.#keeper = keeper;
    this.#startedAt = startedAt;
    this.#note = note;
    this.#before = new Map(note?.files.map((row) => [note.root + row[0], row]));
    this.#diskOf = diskOf;
  }

  /** Reads the note of a name. `startedAt` is a local time before the files were found. */
  static async open(
    keeper: NoteKeeper | undefined,
    startedAt: number,
    diskOf: typeof diskIdentity = diskIdentity,
  ): Promise<SeenFiles | undefined> {
    if (keeper === undefined) return undefined;
    const bytes = await keeper.read();
    try {
      const note = bytes && JSON.parse(new TextDecoder().decode(bytes));
      return new SeenFiles(keeper, startedAt, { note, diskOf });
    } catch {
      return new SeenFiles(keeper, startedAt, { diskOf }); // a note of another release
    }
  }

  /** True if files were seen before. */
  get some(): boolean {
    return this.#before.size > 0;
  }

  /** Returns the SHA-256 of a file that has not changed since it was read. */
  find({ file: disk, readAll }: DiskContent, file: StoredFile): string | undefined {
    this.#place ??= this.#placeOf(disk, file);
    this.#see(disk, file);
    const row = readAll ? undefined : this.#before.get(disk.path);
    if (row === undefined || !this.#isOnSameDisk()) return undefined;
    const [, ino, size, mtimeMs, ctimeMs, sha256] = row;
    const { dev } = this.#place as Place;
    return isSameState(disk.state, { dev, ino, size, mtimeMs, ctimeMs }) ? sha256 : undefined;
  }

  /** Keeps a file in the folder that did not change shortly before. */
  #see({ path, state }: DiskFile, file: StoredFile): void {
    if (typeof this.#place !== "object") return;
    const { root, dev } = this.#place;
    const { ino, size, mtimeMs, ctimeMs } = state;
    const isSettled = Math.max(mtimeMs, ctimeMs) < this.#startedAt - SETTLED_MS;
    if (!isSettled || state.dev !== dev || path !== root + file.path) return;
    this.#now.push(file);
    this.#states.push(ino, size, mtimeMs, ctimeMs);
  }

  #isOnSameDisk(): boolean {
    return typeof this.#place === "object" && this.#place.disk === this.#note?.disk &&
      this.#place.root === this.#note.root;
  }

  /** Returns the saved folder and its disk; undefined for a file that is not below the folder. */
  #placeOf({ path }: DiskFile, file: StoredFile): Place | "unknown" | undefined {
    if (!path.endsWith(`/${file.path}`)) return undefined; // a link was followed
    const root = path.slice(0, -file.path.length);
    try {
      const disk = showsChanges(root) ? this.#diskNow(root) : undefined;
      return disk === undefined ? "unknown" : { root, dev: lstatSync(root).dev, disk };
    } catch {
      return "unknown"; // it is gone
    }
  }

  #diskNow(root: string): string | undefined {
    const { location = "" } = this.#keeper;
    return this.#diskOf(root, location.startsWith("file:") ? fileURLToPath(location) : undefined);
  }

  /** Remembers the files of a save that is done. Never throws: without a note, all are read. */
  async end(): Promise<void> {
    await this.#keep().catch(() => {}); // the folder is gone, or the note is too long
  }

  async #keep(): Promise<void> {
    const place = this.#place;
    if (typeof place !== "object") return;
    const { root, disk } = place;
    // Another disk may have been mounted there since the first file was read.
    if (this.#diskNow(root) !== disk) return;
    const held = this.#now.reduce((sum, { size }) => sum + size, 0);
    if (held < LEAST_BYTES) return;
    const files = this.#now.flatMap(({ path, sha256 }, i): Seen[] => {
      const [ino, size, mtimeMs, ctimeMs] = this.#states.slice(4 * i, 4 * i + 4) as Numbers;
      return sha256 === "" ? [] : [[path, ino, size, mtimeMs, ctimeMs, sha256]];
    });
    await this.#keeper.write(new TextEncoder().encode(JSON.stringify({ root, disk, files })));
  }
}

type Numbers = [ino: number, size: number, mtimeMs: number, ctimeMs: number];

/** True for a folder on a disk whose times and inodes show each change. */
export function showsChanges(folder: string): boolean {
  if (!isGranted({ name: "sys", kind: "statfs" })) return false; // Deno would ask
  return TRUSTED_DISKS.has(Number(statfsSync(folder).type));
}
