// Lists folders.
import { globToRegExp } from "@std/path/posix/glob-to-regexp";
import type { CallOptions } from "../../core/backend.ts";
import { invalid, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { FileEntry, ReadableFileStore } from "../../core/file_store.ts";
import { nameOf } from "../../core/naming/paths.ts";
import { shown } from "../../core/naming/names.ts";
import { itemAt } from "../../core/faults/present.ts";
import { follow, followTo } from "../paths/follow.ts";

/** Options of listing files. */
export interface ListFilesOptions extends CallOptions {
  /**
   * Matches names, or paths below the folder if it has a `/`. `*`, `?`, `**`, `[a-c]` and
   * `{tif,png}` are supported.
   */
  pattern?: string;
  /** One extension or several, in any case: `.tif`, `.roi.zip`. */
  extensions?: Iterable<string>;
  /** Includes subfolders, but not the targets of links to folders. @default false */
  recursive?: boolean;
}

export const IMAGE_EXTENSIONS: readonly string[] = ".tif .tiff .png .jpg .jpeg .bmp .gif .webp"
  .split(" ");

/** The content of a folder; links are not followed. */
export interface FolderContent {
  folders: string[];
  files: string[];
}

/** Iterates over the files in a folder, by depth, in constant memory. */
export async function* walkFiles(
  store: ReadableFileStore,
  folder: string,
  { pattern, extensions, recursive = false, signal }: ListFilesOptions = {},
): AsyncGenerator<FileEntry> {
  const matches = pattern === undefined ? undefined : parseGlob(pattern);
  const endings = extensions === undefined ? undefined : endingsOf(extensions);
  const { path: root } = await followTo(store, folder, { kind: "folder", action: "list", signal });
  const isWanted = (path: string) => {
    if (endings !== undefined) {
      const name = nameOf(path).toLowerCase();
      if (!endings.some((ending) => name.endsWith(ending))) return false;
    }
    return matches === undefined || matches(root === "" ? path : path.slice(root.length + 1));
  };
  const waiting = [root];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    try {
      for await (const entry of store.list(at, { signal })) {
        const { path, kind } = entry;
        if (kind === "folder") {
          if (recursive) waiting.push(path);
        } else if (
          isWanted(path) &&
          (kind === "file" || (await follow(store, path, { signal }))?.kind === "file")
        ) yield entry;
      }
    } catch (error) {
      if (at === root || !isRegistryError(error, "NotFound")) throw error; // else just removed
    }
  }
}

/** Lists the paths of the files in a folder, in natural order: `a2` before `a10`. */
export async function listFiles(
  store: ReadableFileStore,
  folder: string,
  options: ListFilesOptions = {},
): Promise<string[]> {
  return sortNaturally(
    await Array.fromAsync(walkFiles(store, folder, options), ({ path }) => path),
  );
}

/** Lists the names of everything directly in a folder, in natural order. */
export async function listNames(
  store: ReadableFileStore,
  folder: string,
  options: CallOptions = {},
): Promise<string[]> {
  const { path } = await followTo(store, folder, { kind: "folder", action: "list", ...options });
  const entries = store.list(path, options);
  return sortNaturally(await Array.fromAsync(entries, (entry) => nameOf(entry.path)));
}

/** Returns the path of the shallowest file with this name, the first in natural order. */
export async function findFile(
  store: ReadableFileStore,
  folder: string,
  { name, signal }: CallOptions & { name: string },
): Promise<string | undefined> {
  if (typeof name !== "string" || name.includes("/")) throw notFileName(name);
  const matches: string[] = [];
  let depth = Infinity;
  for await (const { path } of walkFiles(store, folder, { recursive: true, signal })) {
    const pathDepth = path.split("/").length;
    if (pathDepth > depth) break; // folders come by depth
    if (nameOf(path) !== name) continue;
    depth = pathDepth;
    matches.push(path);
  }
  return sortNaturally(matches)[0];
}

export async function collect(
  store: ReadableFileStore,
  folder: string,
  options: CallOptions & { recursive?: boolean } = {},
): Promise<FolderContent> {
  const { folders, files } = await collectEntries(store, folder, options);
  return { folders: folders.map(({ path }) => path), files: files.map(({ path }) => path) };
}

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
      try {
        for await (const entry of store.list(at, { signal })) {
          (entry.kind === "folder" ? folders : files).push(entry);
        }
      } catch (error) {
        if (at === root || !isRegistryError(error, "NotFound")) throw error; // else just removed
      }
    }
    for (const entry of sortNaturally(folders, ({ path }) => path)) content.folders.push(entry);
    for (const entry of sortNaturally(files, ({ path }) => path)) content.files.push(entry);
    level = recursive ? folders.map(({ path }) => path) : [];
  }
  return content;
}

function endingsOf(extensions: Iterable<string>): string[] {
  if (typeof extensions === "string") return [checkExtension(extensions)];
  if (typeof extensions?.[Symbol.iterator] !== "function") throw notExtension(extensions);
  return [...extensions].map(checkExtension);
}

function checkExtension(extension: unknown): string {
  if (typeof extension === "string" && /^\.[^/]+$/.test(extension)) return extension.toLowerCase();
  throw notExtension(extension);
}

function notExtension(extension: unknown): RegistryError {
  return invalid("list files by extension", shown(extension), "it has no leading dot", {
    hint: 'Start each extension with a dot: [".tif", ".roi.zip"].',
  });
}

function notFileName(name: unknown): RegistryError {
  const state = typeof name === "string" ? "a file name cannot contain /" : "it is not a string";
  return invalid("find files by name", shown(name), state, {
    hint: "Pass one file name, or use listFiles(folder, { pattern, recursive }) to find paths.",
  });
}

/**
 * Returns a function that matches names, or paths if the pattern has a `/`.
 *
 * `*` and `?` match anything but `/`, `**` any folders, `[a-c]` one character, `{tif,png}` one
 * alternative.
 *
 * @throws {RegistryError} `Invalid` for an empty pattern, or what is not a string
 */
function parseGlob(pattern: string): (path: string) => boolean {
  if (typeof pattern !== "string" || pattern === "") {
    const state = pattern === "" ? "it is empty" : `it is ${typeof pattern}, not a string`;
    const hint = 'Pass one such as "*.tif", or "*.{tif,png}" for several.';
    throw invalid("use", `${shown(pattern)} as a pattern`, state, { hint });
  }
  const expression = globToRegExp(pattern);
  if (pattern.includes("/")) return (path) => expression.test(path);
  return (path) => expression.test(path.slice(path.lastIndexOf("/") + 1));
}

/**
 * Sorts in place by a string of each item: runs of digits by value, everything else by UTF-16
 * units. Leading zeros break ties, so that the order is the same everywhere.
 */
function sortNaturally<T>(items: T[], textOf: (item: T) => string = (item) => item as string): T[] {
  const sorted = items.map((item) => {
    const text = textOf(item);
    return { item, text, parts: text.split(/(\d+)/) }; // text, digits, text, digits …
  });
  sorted.sort((a, b) => compareParts(a.parts, b.parts) || compareText(a.text, b.text));
  for (const [index, { item }] of sorted.entries()) items[index] = item;
  return items;
}

function compareParts(x: string[], y: string[]): number {
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i]) continue;
    const order = i % 2 === 1
      ? compareDigits(itemAt(x, i), itemAt(y, i))
      : compareText(itemAt(x, i), itemAt(y, i));
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return x.length - y.length || compareText(x, y);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
