// Files in a folder that are not part of a version, and their removal: never through a link, and
// never those of other work in progress.
import { realpathSync, rmdirSync, unlinkSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { invalid } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import type { FileInfo } from "../core/record.ts";
import { isRegistryFolder, STAGE_PREFIX } from "../core/naming/registry_folder.ts";
import { realSystem, type System } from "../core/system.ts";
import type { ChosenPath } from "./choose_files.ts";
import type { FolderEntry } from "./disk_calls.ts";
import { mountPoints } from "./mounts/mounts.ts";
import { errorCode, fileError } from "./file_errors.ts";
import { listFolder } from "./paths_below.ts";
import { foldersOf } from "../core/naming/file_paths.ts";
import { mayRead } from "../core/may_read.ts";
import { exists, lookAt } from "./target.ts";

export interface Surplus {
  /** Files, links and empty folders, relative with `/`, which folders end with. */
  paths: string[];
  /** Folders that become empty, the deepest first. */
  emptied: string[];
}

const ALL: ChosenPath = () => true;

/** Names that no download removes: the history of a working copy, and a registry. */
const KEPT_NAMES: readonly string[] = [".git", ".holdfast"];

interface SurplusOptions {
  /** Selects paths; those of folders end with `/`. @default all */
  selects?: ChosenPath;
  /** The environment, for the home folder. @default the real one */
  system?: Pick<System, "env">;
}

/**
 * Finds files in a folder that are not part of a version, except `.git`, registries, and folders of
 * other downloads.
 *
 * @param root absolute, without links in it
 * @throws {RegistryError} `Invalid` for folders in which no download may remove anything
 */
export async function findSurplus(
  root: string,
  files: readonly Pick<FileInfo, "path" | "mode">[],
  { selects = ALL, system = realSystem }: SurplusOptions = {},
): Promise<Surplus> {
  checkMayRemove(root, system);
  const folders = foldersOf(files.map(({ path }) => path));
  const others = new Set<string>();
  for (const { path, mode } of files) (mode === "folder" ? folders : others).add(path);
  const alike = new Map([...folders, ...others].map((path) => [folded(path), path]));
  const surplus: Surplus = { paths: [], emptied: [] };
  const points = mountPoints();
  await visit("");
  return surplus;

  /** Returns whether the folder becomes empty. */
  async function visit(folder: string): Promise<boolean> {
    const path = join(root, folder);
    const entries = await listFolder(path);
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    let isEmptied = true;
    for (const entry of entries) {
      const inside = folder === "" ? entry.name : `${folder}/${entry.name}`;
      // Left out entries are not inspected: one may be a mount whose server is gone.
      const isLeftOut = selects.excludes?.(entry.isDirectory ? `${inside}/` : inside);
      const goes = isLeftOut || isKept(join(path, entry.name), entry)
        ? false
        : entry.isDirectory
        ? await folderGoes(inside)
        : goesAlone(inside);
      isEmptied &&= goes;
    }
    return isEmptied;
  }

  async function folderGoes(folder: string): Promise<boolean> {
    const before = surplus.paths.length;
    const isEmptied = await visit(folder);
    const isMount = points.has(join(root, folder));
    if (!isEmptied || isMount || folders.has(folder)) return false;
    if (!selects(`${folder}/`) || isOtherName(folder)) return false;
    if (surplus.paths.length === before) surplus.paths.push(`${folder}/`);
    else surplus.emptied.push(folder);
    return true;
  }

  function goesAlone(path: string): boolean {
    if (others.has(path) || points.has(join(root, path)) || !selects(path)) return false;
    if (isOtherName(path)) return false;
    surplus.paths.push(path);
    return true;
  }

  /** Some disks ignore case: `README` may be the file `readme` of the version. */
  function isOtherName(path: string): boolean {
    const ours = alike.get(folded(path));
    if (ours === undefined || ours === path) return false;
    const other = lookAt(join(root, path)), own = lookAt(join(root, ours));
    return other !== undefined && other.ino === own?.ino && other.dev === own.dev;
  }
}

/** Removes surplus files. Ignores those that are gone, and folders that are no longer empty. */
export function removeSurplus(
  root: string,
  { paths, emptied }: Surplus,
  signal?: AbortSignal,
): void {
  let checked: string | undefined;
  for (const path of [...paths, ...emptied.map((folder) => `${folder}/`)]) {
    signal?.throwIfAborted();
    const place = join(root, path);
    const above = dirname(place);
    try {
      if (checked !== above && realpathSync.native(above) !== above) {
        throw exists(above, "it became a link");
      }
      checked = above;
      if (path.endsWith("/")) rmdirSync(place);
      else unlinkSync(place);
    } catch (cause) {
      const isMount = errorCode(cause) === "EBUSY" && path.endsWith("/");
      if (!isMount && !["ENOENT", "ENOTEMPTY"].includes(errorCode(cause) ?? "")) {
        throw fileError("remove", place, cause);
      }
    }
  }
}

function folded(path: string): string {
  return path.normalize("NFC").toLowerCase();
}

function isKept(path: string, entry: FolderEntry): boolean {
  if (KEPT_NAMES.includes(entry.name) || entry.name.startsWith(STAGE_PREFIX)) return true;
  const { isFile, isDirectory, isSymlink } = entry;
  return isDirectory ? isRegistryFolder(path) : !(isFile || isSymlink); // no version has a pipe
}

/** Rejects folders that contain more than a download. */
function checkMayRemove(root: string, system: Pick<System, "env">): void {
  const state = root === dirname(root)
    ? "it is a whole disk"
    : homes(system).some((home) => `${home}${sep}`.startsWith(`${root}${sep}`))
    ? "it is your home, or above it"
    : foldersUpward(root).some(isRegistryFolder)
    ? "it is a registry, or inside one"
    : undefined;
  if (state === undefined) return;
  throw invalid("remove other files from", shown(root), state, {
    hint: "Choose a folder that contains nothing but this download.",
  });
}

function homes({ env }: Pick<System, "env">): string[] {
  const named = env("HOME") || env("USERPROFILE");
  if (!named) return [];
  const home = resolve(named);
  try {
    return mayRead(home) ? [home, realpathSync.native(home)] : [home];
  } catch {
    return [home]; // it is not there
  }
}

function foldersUpward(path: string): string[] {
  const folders = [path];
  for (
    let above = dirname(path);
    above !== dirname(above) && mayRead(above);
    above = dirname(above)
  ) {
    folders.push(above);
  }
  return folders;
}
