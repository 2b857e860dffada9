// Disks that keep no executable bits: exFAT, NTFS, shares of Windows, /mnt/c of WSL. All files look
// executable there, or none.
import fs, { type Stats } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { STAGE_PREFIX } from "../../core/naming/registry_folder.ts";
import { isGranted, realSystem } from "../../core/system.ts";

const { O_RDWR, O_DIRECTORY = 0 } = fs.constants;
/** Flag of Linux that creates a file without a name, which is gone when it is closed. */
const NAMELESS = 0o20_000_000 | O_DIRECTORY;
const EXECUTABLE = 0o100;

/** Returns a mode with which everybody who may read a file may also execute it. */
export function executableMode(mode: number): number {
  return (mode & 0o777) | ((mode & 0o444) >> 2);
}

/** True if the owner of a file may execute it, according to its disk. */
export function looksExecutable({ mode }: Pick<Stats, "mode">): boolean {
  return (mode & EXECUTABLE) !== 0;
}

/**
 * Returns true if files in a folder have an executable bit of their own. Tries it with a file that
 * has no name, or on disks without such files, with one that is removed at once. True where this
 * program may not write.
 */
export function keepsExecutableBits(folder: string): boolean {
  if (process.platform === "win32") return false;
  if (!isGranted({ name: "write", path: folder })) return true; // Deno would ask
  try {
    return tryNameless(folder) ?? tryNamed(folder);
  } catch {
    return true;
  }
}

function tryNameless(folder: string): boolean | undefined {
  if (process.platform !== "linux") return undefined;
  let file: number;
  try {
    file = fs.openSync(folder, O_RDWR | NAMELESS, 0o600);
  } catch {
    return undefined;
  }
  return tryFile(file);
}

function tryNamed(folder: string): boolean {
  const path = join(folder, `${STAGE_PREFIX}${realSystem.id()}`);
  const { atime, mtime } = fs.statSync(folder);
  const isKept = tryFile(fs.openSync(path, "wx", 0o600));
  fs.unlinkSync(path);
  try {
    fs.utimesSync(folder, atime, mtime); // as if nothing had been there
  } catch {
    // the folder is another user's
  }
  return isKept;
}

/** Closes the file. */
function tryFile(file: number): boolean {
  try {
    if (looksExecutable(fs.fstatSync(file))) return false;
    fs.fchmodSync(file, 0o700);
    return looksExecutable(fs.fstatSync(file));
  } catch {
    return false; // it has no modes to change
  } finally {
    fs.closeSync(file);
  }
}

/** Answers for files on several disks, and tries each disk once. */
export class ExecutableBits {
  readonly #kept = new Map<number, boolean>();

  /** Returns true if the disk of a file keeps executable bits. */
  areKept(path: string, { dev }: Pick<Stats, "dev">): boolean {
    const known = this.#kept.get(dev) ?? keepsExecutableBits(dirname(path));
    this.#kept.set(dev, known);
    return known;
  }
}
