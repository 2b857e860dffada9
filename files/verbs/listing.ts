// Looking at what is in folders.
import type { CallOptions } from "../../core/backend.ts";
import { fault, RegistryError } from "../../core/errors.ts";
import type { FileEntry, NamedEntry, ReadableFileStore } from "../../core/file_store.ts";
import { nameOf } from "../../core/naming/paths.ts";
import { parseGlob } from "./glob.ts";
import { shown } from "../../core/naming/names.ts";
import { sortNaturally } from "./natural_order.ts";
import { follow, followTo } from "../paths/follow.ts";

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
export const IMAGE_EXTENSIONS: readonly string[] = [
  ".tif",
  ".tiff",
  ".png",
  ".jpg",
  ".jpeg",
  ".bmp",
  ".gif",
  ".webp",
];

/** What a folder holds, links not followed. */
export interface FolderContent {
  folders: string[];
  files: string[];
}

/** The files in a folder, each as it comes: in no order that people expect, and in little memory. */
export async function* walkFiles(
  store: ReadableFileStore,
  folder: string,
  options: ListFilesOptions = {},
): AsyncGenerator<FileEntry> {
  const { signal } = options;
  const list = async function* (at: string) {
    for await (const entry of store.list(at, { signal })) yield [entry];
  };
  for await (const files of walk(store, folder, { ...options, list })) yield* files;
}

/** The paths of the files in a folder, in natural order: `a2` before `a10`. */
export async function listFiles(
  store: ReadableFileStore,
  folder: string,
  options: ListFilesOptions = {},
): Promise<string[]> {
  const paths: string[] = [];
  for await (const files of walkNames(store, folder, options)) {
    for (const { path } of files) paths.push(path);
  }
  return sortNaturally(paths, (path) => path);
}

type ListFolder<E> = (folder: string) => AsyncIterable<E[]>;

/** The files in a folder, some at a time, as fast as their names come. */
function walkNames(
  store: ReadableFileStore,
  folder: string,
  options: ListFilesOptions = {},
): AsyncIterable<NamedEntry[]> {
  return walk(store, folder, { ...options, list: (at) => listNamed(store, at, options) });
}

/** What is in a folder, without a closer look at each where the store can do so. */
async function* listNamed(
  store: ReadableFileStore,
  folder: string,
  { signal }: CallOptions,
): AsyncGenerator<NamedEntry[]> {
  if (store.names !== undefined) yield await store.names(folder, { signal });
  else for await (const entry of store.list(folder, { signal })) yield [entry];
}

/** The files in a folder and, where asked for, in those below, as they are listed. */
async function* walk<E extends NamedEntry>(
  store: ReadableFileStore,
  folder: string,
  { pattern, extensions, recursive = false, signal, list }: ListFilesOptions & {
    list: ListFolder<E>;
  },
): AsyncGenerator<E[]> {
  const matches = pattern === undefined ? undefined : parseGlob(checkPattern(pattern));
  const endings = extensions === undefined ? undefined : endingsOf(extensions);
  const { path: root } = await followTo(store, folder, { kind: "folder", action: "list", signal });
  const isWanted = (path: string) => {
    const name = nameOf(path).toLowerCase();
    if (endings !== undefined && !endings.some((ending) => name.endsWith(ending))) return false;
    return matches === undefined || matches(root === "" ? path : path.slice(root.length + 1));
  };
  const waiting = [root];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for await (const entries of ifThere(list(at), { isRoot: at === root })) {
      const files: E[] = [];
      for (const entry of entries) {
        if (entry.kind === "folder") {
          if (recursive) waiting.push(entry.path);
        } else if (
          isWanted(entry.path) &&
          (entry.kind === "file" || await leadsToFile(store, entry.path, { signal }))
        ) {
          files.push(entry);
        }
      }
      if (files.length > 0) yield files;
    }
  }
}

async function leadsToFile(
  store: ReadableFileStore,
  path: string,
  options: CallOptions,
): Promise<boolean> {
  return (await follow(store, path, options))?.kind === "file";
}

/** A folder below may be gone by now. */
async function* ifThere<E>(
  listed: AsyncIterable<E>,
  { isRoot }: { isRoot: boolean },
): AsyncGenerator<E> {
  try {
    yield* listed;
  } catch (error) {
    if (isRoot || !(error instanceof RegistryError) || error.code !== "NotFound") throw error;
  }
}

/** The names of all that is directly in a folder, in natural order. */
export async function listNames(
  store: ReadableFileStore,
  folder: string,
  options: CallOptions = {},
): Promise<string[]> {
  const { path } = await followTo(store, folder, { kind: "folder", action: "list", ...options });
  const names: string[] = [];
  for await (const entries of listNamed(store, path, options)) {
    for (const entry of entries) names.push(nameOf(entry.path));
  }
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
  for await (const files of walkNames(store, folder, { recursive: true, signal })) {
    const its = files[0].path.split("/").length;
    if (its > depth) break; // folders come by depth
    const here = files.filter(({ path }) => nameOf(path) === name);
    if (here.length === 0) continue;
    depth = its;
    for (const { path } of here) found.push(path);
  }
  return sortNaturally(found, (path) => path)[0];
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
      for await (const entry of ifThere(store.list(at, { signal }), { isRoot: at === root })) {
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
  return fault({
    code: "Invalid",
    action: "list files by extension",
    subject: shown(extension),
    state: "it begins with no dot",
    hint: 'Write [".tif", ".roi.zip"].',
  });
}

function checkPattern(pattern: unknown): string {
  if (typeof pattern === "string") return pattern;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(pattern)} as a pattern`,
    state: `it is not a text but ${typeof pattern}`,
    hint: 'Give one such as "*.tif"; several at once are "*.{tif,png}".',
  });
}

function noFileName(name: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "find files by name",
    subject: shown(name),
    state: "it is no name of a file",
    hint: "A name has no /; listFiles(folder, { pattern, recursive }) finds paths.",
  });
}
