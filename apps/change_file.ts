// Small files of a user or a service that others may read: owner, group and mode stay, and links are
// followed. A service that may read a file can still read it after an administrator has changed it.
import { randomBytes } from "node:crypto";
import fs, { type Stats } from "node:fs";
import { basename } from "node:path";
import { conflict, invalid } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { READ } from "../disk/disk_calls.ts";
import { errorCode, fileError } from "../disk/file_errors.ts";
import { behindLinks, foreignFile, keepAccess, keepMostAccess } from "../disk/keep_access.ts";
import { isSpecial, SPECIAL } from "../disk/target.ts";

/**
 * Changes a small file. Readers see the old or the new content. The temporary file `FILE.new`
 * excludes other writers. A new file is readable by its owner only.
 *
 * @param action the operation, for errors: `change token file`
 * @param change receives the content, undefined if there is no file
 * @throws {RegistryError} `Conflict` during another change, `Denied` if the owner or group of the
 * file could not stay
 */
export function changeFile(
  action: string,
  file: string,
  change: (content: string | undefined) => string,
): void {
  const path = behindLinks(action, file);
  const next = `${path}.new`;
  const opened = openNext(action, file, next);
  try {
    try {
      const replaced = readReplaced(action, path);
      const content = change(replaced?.content);
      if (!keepAccess(opened, replaced?.stats)) throw foreignFile(action, path, replaced!.stats);
      fs.writeFileSync(opened, content);
      fs.fsyncSync(opened);
    } finally {
      fs.closeSync(opened);
    }
    fs.renameSync(next, path);
  } catch (error) {
    fs.rmSync(next, { force: true });
    throw fileError(action, path, error);
  }
}

/**
 * Replaces a small file that several programs may write at once: the last one wins. Readers see the
 * old or the new content. Owner, group and mode stay as far as this user may give them.
 *
 * @param mode the mode of a new file
 */
export function replaceFile(
  action: string,
  file: string,
  { content, mode }: { content: string; mode: number },
): void {
  const path = behindLinks(action, file);
  const next = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    fs.writeFileSync(next, content, { mode, flag: "wx" });
    const replaced = fs.statSync(path, { throwIfNoEntry: false });
    if (replaced !== undefined) keepMostAccess(next, replaced);
    fs.renameSync(next, path);
  } catch (error) {
    fs.rmSync(next, { force: true });
    throw fileError(action, path, error);
  }
}

/** Reads a file and its owner through one descriptor, so that both are of the same file. */
function readReplaced(
  action: string,
  path: string,
): { content: string; stats: Stats } | undefined {
  if (isSpecial(path)) throw invalid(action, shown(path), SPECIAL, { hint: "Choose a file." });
  let file: number;
  try {
    file = fs.openSync(path, READ);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const stats = fs.fstatSync(file);
    if (stats.nlink > 1 && stats.isFile()) {
      const state = `it has ${stats.nlink} hard links, and only this one would change`;
      const hint = `Remove the others, or replace them by symbolic links to ${basename(path)}.`;
      throw invalid(action, shown(path), state, { hint });
    }
    return { content: fs.readFileSync(file, "utf8"), stats };
  } finally {
    fs.closeSync(file);
  }
}

function openNext(action: string, file: string, next: string): number {
  try {
    return fs.openSync(next, "wx", 0o600);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw fileError(action, file, error);
    throw conflict(action, shown(file), "another process is changing it", {
      hint: `Try again. If no other process uses the file, remove ${next}.`,
      cause: error,
    });
  }
}
