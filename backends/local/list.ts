// Listings: a walk over the folders in the order of whole keys.
import type { ListOptions, ObjectInfo, Prefix, StoredFolder } from "../../core/backend.ts";
import { compareUtf8, sortedByUtf8 } from "../../core/bytes/bytes.ts";
import { type FolderEntry, readFolderAtOnce, readLongFolder } from "../../disk/disk_calls.ts";
import { linkError } from "./own_files.ts";
import { type LocalRoot, statObject } from "./root.ts";

interface Entry {
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
  /** Objects have only their keys. */
  keysOnly?: boolean;
};

/**
 * Yields the objects whose key begins with `prefix`, in order, and the folders that the caller must
 * read before it goes on. Reads the others on demand.
 */
export function* walk(
  root: LocalRoot,
  prefix: string,
  { after = "", delimiter, firstPerFolder = false, from, unread = false, keysOnly }: Walk,
): Generator<ObjectInfo | Prefix | UnreadFolder, undefined> {
  let lastGroup = "", cell = "";
  const first = yield* entriesIn(root, from ?? root.folderOf(prefix), from !== undefined);
  const opened = [inOrder(first)];
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
      opened.push(inOrder(yield* entriesIn(root, entry.path, true)));
    } else {
      const its = cellOf(entry.text);
      if (firstPerFolder && its !== "" && its === cell) continue;
      if (!root.isPlaceOf(entry.text, entry.path)) continue;
      const info = keysOnly && !entry.isForeign
        ? { key: entry.text } as ObjectInfo
        : statObject(root, entry.text, root.pathOf(entry.path));
      if (info === undefined) continue; // deleted since the folder was read
      cell = its;
      yield info;
    }
  }

  function inOrder(entries: readonly Entry[]): Iterator<Entry> {
    return sortedByUtf8(entries.filter(isWanted), ({ order }) => order).values();
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

/**
 * Returns true if an entry may be, or contain, a key that begins with `prefix` and follows `after`.
 */
function mayHold(
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

/** @param inside true if the folder was just found, as a folder, in one that was checked */
function* entriesIn(
  root: LocalRoot,
  folder: string,
  inside: boolean,
): Generator<UnreadFolder, Entry[]> {
  const path = root.pathOf(folder);
  try {
    if (!inside) root.ways.check(path.replace(/\/$/, ""));
    const entries = readFolderAtOnce(path);
    if (entries !== undefined) return entriesOf(root, folder, entries);
  } catch (error) {
    return noEntries(root, folder, error);
  }
  const later = { unread: folder, entries: [] };
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
  for (const inside of yield* entriesIn(root, entry.path, true)) {
    if (yield* holdsObject(root, inside)) return true;
  }
  return false;
}
