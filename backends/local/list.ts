// Listing: the tree of folders, walked in the order of whole keys.
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { readFolder } from "../../disk/disk_calls.ts";
import { linkError } from "./own_files.ts";
import { type LocalRoot, statObject } from "./root.ts";

interface Entry {
  /** Its path: of a folder with `/` behind it, and of a link, which is taken for one. */
  path: string;
  text: string;
  order: string;
  isLink: boolean;
}

/** The objects whose key begins with `prefix`, in order. Reads a folder only when its first entry is asked for. */
export function* listObjects(
  root: LocalRoot,
  prefix: string,
  { after = "", delimiter, heads = false }: Pick<ListOptions, "after" | "delimiter" | "heads">,
): Generator<ObjectInfo | Prefix> {
  let given = "", cell = "";
  yield* walk(root.folderOf(prefix), false);

  function* walk(folder: string, inside: boolean): Generator<ObjectInfo | Prefix> {
    const entries = readEntries(root, folder, inside).filter(isWanted);
    for (const entry of entries.sort((a, b) => compareUtf8(a.order, b.order))) {
      const group = groupOf(entry.text);
      if (group !== undefined) {
        if (group === given || !holdsObject(root, entry)) continue;
        given = group;
        yield { prefix: group };
      } else if (entry.isLink) {
        throw linkError(
          { key: entry.text.replace(/\/$/, ""), backend: root.location },
          root.pathOf(entry.path.slice(0, -1)),
        );
      } else if (entry.path.endsWith("/")) {
        yield* walk(entry.path, true);
      } else {
        const its = cellOf(entry.text);
        if (heads && its !== "" && its === cell) continue;
        if (!root.isPlaceOf(entry.text, entry.path)) continue;
        const info = statObject(root, entry.text, root.pathOf(entry.path));
        if (info === undefined) continue; // removed since the folder was read
        cell = its;
        yield info;
      }
    }
  }

  function isWanted({ path, text }: Entry): boolean {
    const isFolder = path.endsWith("/");
    if (!text.startsWith(prefix) && !(isFolder && prefix.startsWith(text))) return false;
    if (after === "") return true;
    const group = groupOf(text);
    if (group !== undefined || !isFolder || !after.startsWith(text)) {
      return compareUtf8(group ?? text, after) > 0;
    }
    return text.endsWith("/") || !after.startsWith("~", text.length); // its keys go on with a digit or a letter
  }

  function groupOf(text: string): string | undefined {
    if (delimiter === undefined) return undefined;
    const end = text.indexOf(delimiter, prefix.length);
    return end < 0 ? undefined : text.slice(0, end + 1);
  }
}

/** @param inside whether the folder was just found, as a folder, in one that was checked */
function readEntries(root: LocalRoot, folder: string, inside: boolean): Entry[] {
  const { layout } = root;
  const path = root.pathOf(folder);
  const entries: Entry[] = [];
  const common = layout.textOf(folder);
  const tailOf = layout.tailsIn(folder);
  try {
    if (!inside) root.ways.check(path.replace(/\/$/, ""));
    for (const { name, isDirectory, isSymlink: isLink } of readFolder(path)) {
      if (folder === "" && name.startsWith(".")) continue; // stage files and the lock
      const isFolder = isDirectory || isLink;
      const own = isFolder ? `${name}/` : name;
      const text = common + tailOf(own);
      entries.push({ path: folder + own, text, order: orderOf(text, isFolder), isLink });
    }
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "list", key: folder });
  }
  return entries;
}

/** What an entry is sorted by: keys within a folder that ends in a name go on with a digit or a letter. */
export function orderOf(text: string, isFolder: boolean): string {
  return isFolder && !text.endsWith("/") ? `${text}0` : text;
}

/** A key up to its last `/`. */
function cellOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** A folder may be empty: its last object was just removed, or its first is not there yet. */
function holdsObject(root: LocalRoot, entry: Entry): boolean {
  if (entry.isLink) return true;
  if (!entry.path.endsWith("/")) return root.isPlaceOf(entry.text, entry.path);
  return readEntries(root, entry.path, true).some((inside) => holdsObject(root, inside));
}
