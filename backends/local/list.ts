// Listings: a walk over the folders in the order of whole keys.
import type { ListOptions, ObjectInfo, Prefix, StoredFolder } from "../../core/backend.ts";
import { compareUtf8, sortedByUtf8 } from "../../core/bytes/bytes.ts";
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

/** A folder that one call may not read whole. The walk goes on with these entries. */
interface UnreadFolder {
  unread: string;
  entries: Entry[];
}

type Walk = Pick<ListOptions, "after" | "delimiter" | "firstPerFolder"> & {
  /** A folder that was found. @default that of the prefix, which is checked */
  from?: string;
  /** Groups are folders, which are not read. */
  unread?: boolean;
};

/**
 * Yields what `objectAt` returns of the objects whose key begins with `prefix`, in order, and the
 * folders that the caller must read before it goes on. Reads the others on demand.
 */
export function* walk<T = ObjectInfo>(
  root: LocalRoot,
  prefix: string,
  { from, unread = false, firstPerFolder = false, ...which }: Walk,
  objectAt: (root: LocalRoot, entry: Entry) => T | undefined,
): Generator<T | Prefix | UnreadFolder, undefined> {
  let lastGroup = "", cell: string | undefined;
  let folder: string | undefined = from ?? root.folderOf(prefix), inside = from !== undefined;
  const opened: Entry[][] = [];
  for (;;) {
    if (folder !== undefined) {
      const entries = entriesIn(root, folder, inside) ?? (yield* entriesLater(folder));
      opened.push(wantedIn(entries, prefix, which));
      folder = undefined;
      inside = true;
    }
    const entry = opened.at(-1)?.pop();
    if (entry === undefined) {
      opened.pop();
      if (opened.length === 0) return;
      continue;
    }
    const { path, text } = entry, group = groupOf(text, prefix, which.delimiter);
    if (group !== undefined && !unread) {
      if (group === lastGroup || !(yield* holdsObject(root, entry))) continue;
      yield { prefix: lastGroup = group };
    } else if (entry.isLink) {
      throw linkError(
        { key: text.replace(/\/$/, ""), backend: root.location },
        root.pathOf(path.slice(0, -1)),
      );
    } else if (group !== undefined) {
      yield { prefix: group, path } as StoredFolder;
    } else if (path.endsWith("/")) {
      folder = path;
    } else if (cell === undefined || cellOf(text) !== cell) {
      const object = root.isPlaceOf(text, path) ? objectAt(root, entry) : undefined;
      if (object === undefined) continue; // deleted since the folder was read
      if (firstPerFolder) cell = cellOf(text) || undefined;
      yield object;
    }
  }
}

/** Returns the entries that a list may need, in reverse order: the next one is the last. */
function wantedIn(
  entries: readonly Entry[],
  prefix: string,
  { after = "", delimiter }: Pick<ListOptions, "after" | "delimiter">,
): Entry[] {
  const wanted = entries.filter((entry) => {
    const group = groupOf(entry.text, prefix, delimiter);
    if (!mayHold(entry, prefix, group === undefined ? after : "")) return false;
    return group === undefined || after === "" || compareUtf8(group, after) > 0;
  });
  return wanted.length < 2 ? wanted : sortedByUtf8(wanted, ({ order }) => order).reverse();
}

function groupOf(text: string, prefix: string, delimiter?: string): string | undefined {
  if (delimiter === undefined) return undefined;
  const end = text.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : text.slice(0, end + 1);
}

export function infoAt(root: LocalRoot, { text, path }: Entry): ObjectInfo | undefined {
  return statObject(root, text, root.pathOf(path));
}

/**
 * Returns true if an entry may be, or contain, a key that begins with `prefix` and follows `after`.
 */
function mayHold({ path, text }: Entry, prefix: string, after: string): boolean {
  const isFolder = path.endsWith("/");
  if (!text.startsWith(prefix) && !(isFolder && prefix.startsWith(text))) return false;
  if (after === "") return true;
  if (!isFolder || !after.startsWith(text)) return compareUtf8(text, after) > 0;
  // Keys in a folder that splits a name continue with a digit or a letter.
  return text.endsWith("/") || !after.startsWith("~", text.length);
}

export async function readLater(root: LocalRoot, folder: UnreadFolder): Promise<void> {
  const { unread: path } = folder;
  try {
    folder.entries = entriesOf(root, path, await readLongFolder(root.pathOf(path)));
  } catch (error) {
    folder.entries = noEntries(root, path, error);
  }
}

function noEntries(root: LocalRoot, folder: string, error: unknown): Entry[] {
  if (root.isMissing(error)) return [];
  throw root.failure(error, { action: "list", key: folder });
}

/**
 * Returns undefined for a folder that must be read later.
 *
 * @param inside true if the folder was just found, as a folder, in one that was checked
 */
function entriesIn(root: LocalRoot, folder: string, inside: boolean): Entry[] | undefined {
  const path = root.pathOf(folder);
  try {
    if (!inside) root.ways.check(path.replace(/\/$/, ""));
    const entries = readFolderAtOnce(path);
    return entries && entriesOf(root, folder, entries);
  } catch (error) {
    return noEntries(root, folder, error);
  }
}

function* entriesLater(unread: string): Generator<UnreadFolder, Entry[]> {
  const later = { unread, entries: [] };
  yield later;
  return later.entries;
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
  for (const inside of entriesIn(root, entry.path, true) ?? (yield* entriesLater(entry.path))) {
    if (yield* holdsObject(root, inside)) return true;
  }
  return false;
}
