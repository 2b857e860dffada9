/**
 * Looking at what is in folders.
 *
 * @module
 */
import type { CallOptions } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import type { FileEntry, ReadableFileStore } from "../../core/file_store.ts";
import { nameOf } from "../../core/files/paths.ts";
import { parseGlob } from "../../core/naming/glob.ts";
import { shown } from "../../core/naming/names.ts";
import { sortNaturally } from "../../core/naming/natural_order.ts";
import { follow, followTo } from "./follow.ts";

/** Which files are listed. */
export interface ListFilesOptions extends CallOptions {
  /**
   * Only those that this matches: names where it has no `/`, else paths from the folder on. `*`, `?`, `**`, `[a-c]` and
   * `{tif,png}` are known.
   */
  pattern?: string;
  /** Only those that end with one of these, or with the one that is given, in any case: `.tif`, `.roi.zip`. */
  extensions?: Iterable<string>;
  /** Also what is in the folders below. Links to folders are not entered. @default false */
  recursive?: boolean;
}

/** The extensions that are taken for images. */
export const IMAGE_EXTENSIONS: readonly string[] = [".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"];

/** What a folder holds, links not followed. */
export interface FolderContent {
  /** Its folders, the upper ones first. */
  folders: string[];
  /** Its files and its links. */
  files: string[];
}

/** The files in a folder, each as it comes: in no order that people expect, and in little memory. */
export async function* walkFiles(
  store: ReadableFileStore,
  folder: string,
  { pattern, extensions, recursive = false, signal }: ListFilesOptions = {},
): AsyncGenerator<FileEntry> {
  const matches = pattern === undefined ? undefined : parseGlob(checkPattern(pattern));
  const endings = extensions === undefined ? undefined : endingsOf(extensions);
  const { path: root } = await followTo(store, folder, { kind: "folder", action: "list", signal });
  const waiting = [root];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for await (const entry of listIfThere(store, at, { signal, isRoot: at === root })) {
      if (entry.kind === "folder") {
        if (recursive) waiting.push(entry.path);
        continue;
      }
      const name = nameOf(entry.path).toLowerCase();
      if (endings !== undefined && !endings.some((ending) => name.endsWith(ending))) continue;
      if (matches !== undefined && !matches(root === "" ? entry.path : entry.path.slice(root.length + 1))) continue;
      if (entry.kind === "link" && (await follow(store, entry.path, { signal }))?.kind !== "file") continue;
      yield entry;
    }
  }
}

/** A folder below may be gone by now. */
async function* listIfThere(
  store: ReadableFileStore,
  folder: string,
  { signal, isRoot }: CallOptions & { isRoot: boolean },
): AsyncGenerator<FileEntry> {
  try {
    yield* store.list(folder, { signal });
  } catch (error) {
    if (isRoot || !(error instanceof RegistryError) || error.code !== "NotFound") throw error;
  }
}

/** The paths of the files in a folder, in natural order: `a2` before `a10`. */
export async function listFiles(
  store: ReadableFileStore,
  folder: string,
  options: ListFilesOptions = {},
): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of walkFiles(store, folder, options)) paths.push(path);
  return sortNaturally(paths, (path) => path);
}

/** The names of all that is directly in a folder, in natural order. */
export async function listNames(
  store: ReadableFileStore,
  folder: string,
  options: CallOptions = {},
): Promise<string[]> {
  const { path } = await followTo(store, folder, { kind: "folder", action: "list", ...options });
  const names: string[] = [];
  for await (const entry of store.list(path, options)) names.push(nameOf(entry.path));
  return sortNaturally(names, (name) => name);
}

/** The path of the first file with this name, by depth and then in natural order; undefined where none has it. */
export async function findFile(
  store: ReadableFileStore,
  folder: string,
  { name, signal }: CallOptions & { name: string },
): Promise<string | undefined> {
  if (typeof name !== "string" || name.includes("/")) throw noFileName(name);
  const found: string[] = [];
  let depth = Infinity;
  for await (const { path } of walkFiles(store, folder, { recursive: true, signal })) {
    const its = path.split("/").length;
    if (its > depth) break; // folders come by depth
    if (nameOf(path) !== name) continue;
    depth = its;
    found.push(path);
  }
  return sortNaturally(found, (path) => path)[0];
}

/** All folders and files below a folder, each once, by depth. */
export async function collect(
  store: ReadableFileStore,
  folder: string,
  options: CallOptions & { recursive?: boolean } = {},
): Promise<FolderContent> {
  const { folders, files } = await collectEntries(store, folder, options);
  return { folders: folders.map(({ path }) => path), files: files.map(({ path }) => path) };
}

/** The same with what the store says about each. */
export async function collectEntries(
  store: ReadableFileStore,
  folder: string,
  { recursive = true, signal }: CallOptions & { recursive?: boolean } = {},
): Promise<{ folders: FileEntry[]; files: FileEntry[] }> {
  const { path: root } = await followTo(store, folder, { kind: "folder", action: "list", signal });
  const content = { folders: [] as FileEntry[], files: [] as FileEntry[] };
  let level = [root];
  while (level.length > 0) {
    const folders: FileEntry[] = [], files: FileEntry[] = [];
    for (const at of level) {
      for await (const entry of listIfThere(store, at, { signal, isRoot: at === root })) {
        (entry.kind === "folder" ? folders : files).push(entry);
      }
    }
    for (const entry of sortNaturally(folders, ({ path }) => path)) content.folders.push(entry);
    for (const entry of sortNaturally(files, ({ path }) => path)) content.files.push(entry);
    level = recursive ? folders.map(({ path }) => path) : [];
  }
  return content;
}

function endingsOf(extensions: Iterable<string>): string[] {
  // A text is iterable too, letter by letter: nobody means that.
  if (typeof extensions === "string") return [checkExtension(extensions)];
  if (typeof extensions?.[Symbol.iterator] !== "function") throw noExtension(extensions);
  return [...extensions].map(checkExtension);
}

function checkExtension(extension: unknown): string {
  if (typeof extension === "string" && /^\.[^/]+$/.test(extension)) return extension.toLowerCase();
  throw noExtension(extension);
}

function noExtension(extension: unknown): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot list files by extension ${shown(extension)}: it begins with no dot`,
    hint: 'Write [".tif", ".roi.zip"].',
  });
}

function checkPattern(pattern: unknown): string {
  if (typeof pattern === "string") return pattern;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot use ${shown(pattern)} as a pattern: it is not a text but ${typeof pattern}`,
    hint: 'Give one such as "*.tif"; several at once are "*.{tif,png}".',
  });
}

function noFileName(name: unknown): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot find files by name ${shown(name)}: it is no name of a file`,
    hint: "A name has no /; listFiles(folder, { pattern, recursive }) finds paths.",
  });
}
