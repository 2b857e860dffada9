// Renames complete files to their paths, links last. Nothing goes through a link.
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { compareFile, fileAt } from "../compare_files.ts";
import { errorCode } from "../file_errors.ts";
import { looksExecutable } from "../mounts/executable_bits.ts";
import { pathsBelow } from "../paths_below.ts";
import { keepMostAccess } from "../keep_access.ts";
import { exists, isFolder, isSpecial, lookAt, SPECIAL } from "../target.ts";

/** Renames a folder; false if another process created the target. */
export function becomes(stage: string, path: string): boolean {
  try {
    renameSync(stage, path);
    return true;
  } catch (cause) {
    if (
      ["ENOTEMPTY", "EEXIST", "EPERM"].includes(errorCode(cause) ?? "") &&
      lookAt(path)?.isDirectory()
    ) return false;
    throw cause;
  }
}

/**
 * Renames all files of a stage folder to their paths below a folder, links last. It asks the disk for
 * them: a list of all files may be in pages that cannot be read just now.
 */
export async function placeAll(stage: string, root: string, overwrite: boolean): Promise<void> {
  const links: string[] = [];
  for await (const inside of pathsBelow(stage)) {
    const from = join(stage, inside), to = join(root, inside);
    const stats = lookAt(from);
    if (stats?.isSymbolicLink()) links.push(inside);
    else if (stats?.isDirectory()) ensureFolder(to);
    else await place(from, to, overwrite);
  }
  for (const inside of links) await place(join(stage, inside), join(root, inside), overwrite);
}

/** Renames a file, which keeps the owner of a replaced one. Another process may have written it. */
export async function place(from: string, to: string, overwrite: boolean): Promise<void> {
  const replaced = lookAt(to);
  if (replaced?.isDirectory()) throw exists(to, "it is a folder");
  if (isSpecial(to, replaced)) throw exists(to, SPECIAL);
  if (replaced === undefined || overwrite) {
    const stats = lookAt(from);
    if (replaced?.isFile() && stats?.isFile()) {
      keepMostAccess(from, replaced, looksExecutable(stats));
    }
    renameSync(from, to); // replaces a link, not its target
  } else if (await compareFile(await fileAt(from), to) !== "same") throw exists(to, "it exists");
}

function ensureFolder(path: string): void {
  if (!isFolder(path)) mkdirSync(path, { recursive: true }); // another download may create it too
}
