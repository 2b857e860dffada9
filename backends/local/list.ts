// Listings: a walk over the folders in the order of whole keys.
import type { ListOptions, ObjectInfo, Prefix, StoredFolder } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { type FolderEntry, readFolderAtOnce, readLongFolder } from "../../disk/disk_calls.ts";
import { linkError } from "./own_files.ts";
import { type LocalRoot, statObject } from "./root.ts";

export interface Entry {
  /** The path below the root. Paths of folders and links end with `/`. */
  path: string;
  /** The key, or the prefix of all keys in the folder. */
  text: string;
  /** The sort key. */
  order: string;
  isLink: boolean;
  /** True for a link, a pipe, or anything else that is neither file nor folder. */
  isForeign: boolean;
}

/** A folder that one call may not read whole. Read it before you go on. */
export class UnreadFolder {
  readonly #root: LocalRoot;
  readonly #path: string;
  entries: Entry[] = [];

  constructor(root: LocalRoot, path: string) {
    this.#root = root;
    this.#path = path;
  }

  async read(): Promise<Entry[]> {
    const root = this.#root, path = this.#path;
    try {
      return this.entries = entriesOf(root, path, await readLongFolder(root.pathOf(path)));
    } catch (error) {
      return noEntries(root, path, error);
    }
  }
}

type Walked = Pick<ListOptions, "after" | "delimiter" | "firstPerFolder">;
type Walk = Walked & {
  /** A folder that was found. @default that of the prefix, which is checked */
  from?: string;
  /** Groups are folders, which are not read. */
  unread?: boolean;
};

/** Yields the objects whose key begins with `prefix`, in order. Reads each folder on demand. */
export async function* listObjects(
  root: LocalRoot,
  prefix: string,
  options: Walked,
): AsyncGenerator<ObjectInfo | Prefix> {
  for (const found of walk(root, prefix, options)) {
    if (found instanceof UnreadFolder) await found.read();
    else yield found;
  }
}

/** The same, with the folders that the caller must read. */
export function* walk(
  root: LocalRoot,
  prefix: string,
  { after = "", delimiter, firstPerFolder = false, from, unread = false }: Walk,
): Generator<ObjectInfo | Prefix | UnreadFolder, undefined> {
  let lastGroup = "", cell = "";
  const first = yield* entriesIn(root, from ?? root.folderOf(prefix), from !== undefined);
  const opened = [inOrder(first.filter(isWanted))];
  for (let inner; (inner = opened.at(-1)) !== undefined;) {
    const entry = inner.next().value;
    if (entry === undefined) {
      opened.pop();
      continue;
    }
    const group = groupOf(entry.text);
    if (group !== undefined && unread && !entry.isLink) {
      yield { prefix: group, path: entry.path } as StoredFolder;
    } else if (group !== undefined && !unread) {
      if (group === lastGroup || !(yield* holdsObject(root, entry))) continue;
      lastGroup = group;
      yield { prefix: group };
    } else if (entry.isLink) {
      throw linkError(
        { key: entry.text.replace(/\/$/, ""), backend: root.location },
        root.pathOf(entry.path.slice(0, -1)),
      );
    } else if (entry.path.endsWith("/")) {
      const entries = yield* entriesIn(root, entry.path, true);
      opened.push(inOrder(entries.filter(isWanted)));
    } else {
      const its = cellOf(entry.text);
      if (firstPerFolder && its !== "" && its === cell) continue;
      if (!root.isPlaceOf(entry.text, entry.path)) continue;
      const info = statObject(root, entry.text, root.pathOf(entry.path));
      if (info === undefined) continue; // deleted since the folder was read
      cell = its;
      yield info;
    }
  }

  function isWanted(entry: Entry): boolean {
    const group = groupOf(entry.text);
    if (!mayHold(entry, { prefix, after: group === undefined ? after : "" })) return false;
    return group === undefined || after === "" || compareUtf8(group, after) > 0;
  }

  function groupOf(text: string): string | undefined {
    if (delimiter === undefined) return undefined;
    const end = text.indexOf(delimiter, prefix.length);
    return end < 0 ? undefined : text.slice(0, end + 1);
  }
}

/** Larger folders are sorted in parts. */
const SORTED_AT_ONCE = 1000;

/** Yields entries in order. The first ones do not wait until all are sorted. */
function* inOrder(entries: Entry[]): Generator<Entry, undefined> {
  const compare = (a: Entry, b: Entry) => compareUtf8(a.order, b.order);
  const parts = [entries];
  for (let part; (part = parts.pop()) !== undefined;) {
    if (part.length <= SORTED_AT_ONCE) {
      yield* part.sort(compare);
      continue;
    }
    const pivot = part[part.length >> 1]!;
    const lower: Entry[] = [], upper: Entry[] = [];
    for (const entry of part) {
      if (entry !== pivot) (compare(entry, pivot) < 0 ? lower : upper).push(entry);
    }
    parts.push(upper, [pivot], lower);
  }
}

/**
 * Returns true if an entry may be, or contain, a key that begins with `prefix` and follows `after`.
 */
export function mayHold(
  { path, text }: Entry,
  { prefix, after = "" }: { prefix: string; after?: string },
): boolean {
  const isFolder = path.endsWith("/");
  if (!text.startsWith(prefix) && !(isFolder && prefix.startsWith(text))) return false;
  if (after === "") return true;
  if (!isFolder || !after.startsWith(text)) return compareUtf8(text, after) > 0;
  // Keys in a folder that splits a name continue with a digit or a letter.
  return text.endsWith("/") || !after.startsWith("~", text.length);
}

/** @param inside true if the folder was just found, as a folder, in one that was checked */
export async function readEntries(
  root: LocalRoot,
  folder: string,
  inside: boolean,
): Promise<Entry[]> {
  return readEntriesAtOnce(root, folder, inside) ?? await new UnreadFolder(root, folder).read();
}

/** Returns undefined if one call may not read the folder whole. */
function readEntriesAtOnce(root: LocalRoot, folder: string, inside: boolean): Entry[] | undefined {
  const path = root.pathOf(folder);
  try {
    if (!inside) root.ways.check(path.replace(/\/$/, ""));
    const entries = readFolderAtOnce(path);
    return entries && entriesOf(root, folder, entries);
  } catch (error) {
    return noEntries(root, folder, error);
  }
}

function noEntries(root: LocalRoot, folder: string, error: unknown): Entry[] {
  if (root.isMissing(error)) return [];
  throw root.failure(error, { action: "list", key: folder });
}

function* entriesIn(
  root: LocalRoot,
  folder: string,
  inside: boolean,
): Generator<UnreadFolder, Entry[]> {
  const entries = readEntriesAtOnce(root, folder, inside);
  if (entries !== undefined) return entries;
  const unread = new UnreadFolder(root, folder);
  yield unread;
  return unread.entries;
}

function entriesOf(root: LocalRoot, folder: string, folderEntries: Iterable<FolderEntry>): Entry[] {
  const entries: Entry[] = [];
  const common = root.layout.textOf(folder);
  const tailOf = root.layout.tailsIn(folder);
  for (const { name, isFile, isDirectory, isSymlink: isLink } of folderEntries) {
    if (folder === "" && name.startsWith(".")) continue; // stage files and the lock
    const isFolder = isDirectory || isLink;
    const own = isFolder ? `${name}/` : name;
    const text = common + tailOf(own);
    // Keys in a folder that splits a name continue with a digit or a letter.
    const order = isFolder && !text.endsWith("/") ? `${text}0` : text;
    entries.push({ path: folder + own, text, order, isLink, isForeign: !isFile && !isDirectory });
  }
  return entries;
}

/** Returns a key up to its last `/`. */
function cellOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/**
 * Returns false for an empty folder: its last object was just deleted, or the first not yet
 * written.
 */
function* holdsObject(root: LocalRoot, entry: Entry): Generator<UnreadFolder, boolean> {
  if (entry.isLink) return true;
  if (!entry.path.endsWith("/")) return root.isPlaceOf(entry.text, entry.path);
  for (const inside of yield* entriesIn(root, entry.path, true)) {
    if (yield* holdsObject(root, inside)) return true;
  }
  return false;
}
