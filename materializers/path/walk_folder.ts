/**
 * Everything in a folder, without following a link out of it.
 *
 * @module
 */
import { readlinkSync } from "node:fs";
import type { Stats } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { RegistryError } from "../../core/errors.ts";
import { onDisk } from "../../core/disk/file_errors.ts";
import { filePathProblem, linkTargetProblem } from "../../core/disk/file_paths.ts";
import type { MaterializeOptions } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record/record.ts";
import { changed, checkFolderPlace, isSameState, lookAgain, lostFile, stateOf } from "../../core/disk/disk_file.ts";
import type { DiskFile, DiskState } from "../../core/disk/disk_file.ts";

/** Options of `localPath`: what happens to links and special files. */
export interface LocalPathOptions {
  /**
   * Symbolic links: `refuse` them, or `keep` them as links, where they stay inside the folder. They are never followed.
   *
   * @default "refuse"
   */
  links?: "refuse" | "keep";
  /**
   * Pipes, sockets and devices: `refuse` the folder, or `skip` them. They are never opened.
   *
   * @default "refuse"
   */
  special?: "refuse" | "skip";
}

/** Something found in a folder. */
export interface FoundFile extends DiskFile {
  /** Its path in the folder, with `/`. */
  name: string;
  /** What it is besides an ordinary file; only empty folders are found. */
  mode?: FileMode;
  /** Where a link leads. */
  target?: string;
}

/** Everything in a folder. */
export interface FoundFolder {
  /** Files, links and empty folders, in the order of the bytes of their names. */
  files: FoundFile[];
  /** Throws `Conflict` where something was added to a folder or removed since. */
  checkUnchanged(): void;
}

/**
 * Finds everything in a folder.
 *
 * @param root its absolute path, without links in it
 */
export async function walkFolder(root: string, options: LocalPathOptions & MaterializeOptions): Promise<FoundFolder> {
  const files: FoundFile[] = [];
  const folders: { path: string; state: DiskState }[] = [];
  const waiting: string[] = [""];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    options.signal?.throwIfAborted();
    const path = name === "" ? root : join(root, ...name.split("/"));
    const stats = lookAgain(path);
    if (!stats.isDirectory()) throw changed(path);
    folders.push({ path, state: stateOf(stats) });
    const found = await list(path);
    for (const entry of found) {
      const inside = name === "" ? entry : `${name}/${entry}`;
      checkName(root, inside);
      const entryStats = lookAgain(join(path, entry));
      if (entryStats.isDirectory()) waiting.push(inside);
      else files.push(...describe(join(path, entry), inside, entryStats, options));
    }
    if (found.length === 0 && name !== "") files.push({ name, path, state: stateOf(stats), mode: "folder" });
    checkFolderPlace(path); // what was just found was found in this folder, and not behind a link in its place
  }
  files.sort((a, b) => compareUtf8(a.name, b.name));
  return { files, checkUnchanged: () => folders.forEach(checkUnchanged) };
}

function checkUnchanged({ path, state }: { path: string; state: DiskState }): void {
  if (!isSameState(state, stateOf(lookAgain(path)))) throw changed(path);
}

async function list(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    throw lostFile(path, cause);
  }
}

function checkName(root: string, name: string): void {
  // Runtimes put U+FFFD where the bytes of a name are not UTF-8: such a name cannot be told from another one.
  const problem = name.includes("\ufffd") ? "its name is not UTF-8" : filePathProblem(name, sep === "\\");
  if (problem === undefined) return;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot save ${shown(name)} of folder ${shown(root)}: ${problem}`,
    hint: "Rename it: the name must mean the same on every system.",
  });
}

function describe(path: string, name: string, stats: Stats, options: LocalPathOptions): FoundFile[] {
  const found: FoundFile = { name, path, state: stateOf(stats) };
  if (stats.isFile()) return [(stats.mode & 0o100) === 0 ? found : { ...found, mode: "executable" }];
  if (stats.isSymbolicLink()) return [{ ...found, mode: "link", target: keptTarget(path, name, options) }];
  if (options.special === "skip") return [];
  throw new RegistryError({
    code: "Unsupported",
    message: `Cannot save ${shown(path)}: it is a pipe, socket or device`,
    hint: `Move it away, or leave such files out with localPath(path, { special: "skip" }).`,
  });
}

function keptTarget(path: string, name: string, options: LocalPathOptions): string {
  const target = onDisk("read", path, () => readlinkSync(path)).replaceAll(sep, "/");
  if (options.links !== "keep") {
    throw new RegistryError({
      code: "Unsupported",
      message: `Cannot save ${shown(path)}: it is a symbolic link`,
      hint: `Keep links as links with localPath(path, { links: "keep" }), or put the file itself there.`,
    });
  }
  const problem = target.includes("\ufffd") ? "its target is not UTF-8" : linkTargetProblem(name, target);
  if (problem === undefined) return target;
  throw new RegistryError({
    code: "Unsupported",
    message: `Cannot save link ${shown(path)}: ${problem}`,
    hint: "Only links that stay inside the folder are kept: put the file itself there.",
  });
}
