/**
 * Everything in a folder.
 *
 * @module
 */
import { readlinkSync, realpathSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { RegistryError } from "../../core/errors.ts";
import { errorCode, onDisk } from "../../core/disk/file_errors.ts";
import { filePathProblem } from "../../core/disk/file_paths.ts";
import type { MaterializeOptions } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record/record.ts";
import { changed, checkFolderPlace, isSameState, lookAgain, lostFile, stateOf } from "../../core/disk/disk_file.ts";
import type { DiskFile, DiskState } from "../../core/disk/disk_file.ts";
import type { LocalPathOptions } from "./local_path_options.ts";

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

/** A folder that was found, to be looked through. */
interface FolderToWalk {
  /** Its path in the folder that is saved, empty for that one itself. */
  name: string;
  /** Where it is, without links in its path. */
  path: string;
  /** The folders that it is in, links followed: one that leads to one of them would never end. */
  above: readonly string[];
}

/**
 * Finds everything in a folder.
 *
 * @param root its absolute path, without links in it
 */
export async function walkFolder(root: string, options: LocalPathOptions & MaterializeOptions): Promise<FoundFolder> {
  const files: FoundFile[] = [];
  const folders: { path: string; state: DiskState }[] = [];
  const waiting: FolderToWalk[] = [{ name: "", path: root, above: [] }];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    options.signal?.throwIfAborted();
    const { name, path } = folder;
    const stats = lookAgain(path);
    if (!stats.isDirectory()) throw changed(path);
    folders.push({ path, state: stateOf(stats) });
    const above = [...folder.above, identityOf(stats)];
    let kept = 0;
    for (const entry of await list(path)) {
      const inside = name === "" ? entry : `${name}/${entry}`;
      checkName(root, inside);
      const found = look({ name: inside, path: join(path, entry), above }, options);
      if (found === undefined) continue;
      kept++;
      if ("above" in found) waiting.push(found);
      else files.push(found);
    }
    if (kept === 0 && name !== "") files.push({ name, path, state: stateOf(stats), mode: "folder" });
    checkFolderPlace(path); // what was just found was found in this folder, and not behind a link in its place
  }
  files.sort((a, b) => compareUtf8(a.name, b.name));
  return { files, checkUnchanged: () => folders.forEach(checkUnchanged) };
}

function checkUnchanged({ path, state }: { path: string; state: DiskState }): void {
  if (!isSameState(state, stateOf(lookAgain(path)))) throw changed(path);
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`;
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

/** What is to be saved of an entry of a folder; a folder is to be walked. Undefined for what is left out. */
function look(entry: FolderToWalk, options: LocalPathOptions): FoundFile | FolderToWalk | undefined {
  const stats = lookAgain(entry.path);
  return stats.isSymbolicLink() ? lookAtLink(entry, stats, options) : describe(entry, stats, options);
}

function describe(entry: FolderToWalk, stats: Stats, options: LocalPathOptions): FoundFile | FolderToWalk | undefined {
  if (stats.isDirectory()) return entry;
  const { name, path } = entry;
  const found: FoundFile = { name, path, state: stateOf(stats) };
  if (stats.isFile()) return (stats.mode & 0o100) === 0 ? found : { ...found, mode: "executable" };
  if (options.special !== "refuse") return void options.onLeftOut?.({ path: name, reason: "special" });
  throw new RegistryError({
    code: "Unsupported",
    message: `Cannot save ${shown(path)}: it is a pipe, socket or device`,
    hint: "Move it away, or leave such files out: that is what happens where nothing is said.",
  });
}

function lookAtLink(
  entry: FolderToWalk,
  stats: Stats,
  options: LocalPathOptions,
): FoundFile | FolderToWalk | undefined {
  const { name, path } = entry;
  const { links = "keep", onLeftOut } = options;
  if (links === "refuse") throw notSaved(path, "it is a symbolic link", "Keep links, or follow or skip them.");
  const target = onDisk("read", path, () => readlinkSync(path)).replaceAll(sep, "/");
  if (links === "skip") return void onLeftOut?.({ path: name, reason: "link", target });
  if (links === "follow") return followLink(entry, target, options);
  if (!target.includes("\ufffd")) return { name, path, state: stateOf(stats), mode: "link", target };
  throw notSaved(path, "its target is not UTF-8", "Make the link anew, or skip links.");
}

/** What a link leads to, under the name of the link. */
function followLink(
  { name, path, above }: FolderToWalk,
  target: string,
  options: LocalPathOptions,
): FoundFile | FolderToWalk | undefined {
  try {
    const stats = statSync(path);
    if (above.includes(identityOf(stats))) {
      return void options.onLeftOut?.({ path: name, reason: "looping link", target });
    }
    return describe({ name, path: realpathSync.native(path), above }, stats, options);
  } catch (cause) {
    const reason = { ENOENT: "broken link", ENOTDIR: "broken link", ELOOP: "looping link" } as const;
    const why = reason[errorCode(cause) as keyof typeof reason];
    if (why === undefined) throw lostFile(path, cause);
    options.onLeftOut?.({ path: name, reason: why, target });
  }
}

function notSaved(path: string, state: string, hint: string): RegistryError {
  return new RegistryError({ code: "Unsupported", message: `Cannot save ${shown(path)}: ${state}`, hint });
}
