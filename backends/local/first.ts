// The first key of a listing, and its object, at little more than what the system takes: each
// latest, each next version and each look at a cell asks for it.
import type { CallOptions, ObjectInfo, StoredObject } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { readFolder } from "../../disk/disk_calls.ts";
import { listObjects, orderOf } from "./list.ts";
import { readFile, readObject } from "./read.ts";
import { type LocalRoot, statObject } from "./root.ts";

/** Each is of an object that another program removed right after it was listed. */
const MAX_ATTEMPTS = 1000;

/** The key that comes first among those that begin with `prefix` and come after another. */
interface Wanted extends CallOptions {
  prefix: string;
  after?: string;
}

export function headFirst(root: LocalRoot, wanted: Wanted): ObjectInfo | undefined {
  const found = findFirst(root, wanted);
  if (found === "none") return undefined;
  return (found === "unclear" ? undefined : statObject(root, found.key, found.path)) ??
    walkToFirst(root, wanted);
}

export function readFirst(root: LocalRoot, wanted: Wanted): StoredObject | undefined {
  const found = findFirst(root, wanted);
  if (found === "none") return undefined;
  let object = found === "unclear" ? undefined : readFile(root, found, wanted);
  for (let attempt = 1; object === undefined; attempt++) {
    if (attempt > MAX_ATTEMPTS) {
      throw root.failure({ code: "EAGAIN" }, { action: "read", key: wanted.prefix });
    }
    const info = walkToFirst(root, wanted);
    if (info === undefined) return undefined;
    object = readObject(root, info.key, wanted);
  }
  return object;
}

/** The long way: strangers' files, links and folders that are empty by now are on the short one. */
function walkToFirst(root: LocalRoot, { prefix, after }: Wanted): ObjectInfo | undefined {
  for (const entry of listObjects(root, prefix, { after })) return entry as ObjectInfo;
}

interface Found {
  key: string;
  path: string;
}

function findFirst(root: LocalRoot, wanted: Wanted): Found | "none" | "unclear" {
  const start = root.folderOf(wanted.prefix);
  if (!isThere(root, start, wanted)) return "none";
  for (let folder = start;;) {
    const first = firstEntry(root, folder, wanted);
    if (first === "unclear") return first;
    if (first === undefined) return folder === start ? "none" : "unclear";
    const path = folder + first.name;
    if (!path.endsWith("/")) {
      const key = root.layout.textOf(folder) + first.tail;
      return root.isPlaceOf(key, path) ? { key, path: root.pathOf(path) } : "unclear";
    }
    folder = path;
  }
}

/** Whether a folder is there, and no link on the way to it. */
function isThere(root: LocalRoot, folder: string, { prefix }: Wanted): boolean {
  const path = root.pathOf(folder);
  try {
    return root.ways.find(folder === "" ? path : path.slice(0, -1));
  } catch (error) {
    if (root.isMissing(error)) return false;
    throw root.failure(error, { action: "list", key: prefix });
  }
}

interface Entry {
  /** Its name; of a folder with `/` behind it. */
  name: string;
  /** The text of its keys behind that of the folder. */
  tail: string;
  order: string;
}

/** The entry of a folder that comes first among those that may hold a wanted key; undefined where none may. */
function firstEntry(
  root: LocalRoot,
  folder: string,
  { prefix, after = "" }: Wanted,
): Entry | "unclear" | undefined {
  const { layout } = root;
  // What is in a folder has the folder's text in common: only what follows that is compared.
  const common = layout.textOf(folder);
  const tailOf = layout.tailsIn(folder);
  const rest = prefix.slice(common.length);
  const behind = after.startsWith(common) ? after.slice(common.length) : "";
  let first: Entry | undefined;
  try {
    if (!after.startsWith(common) && compareUtf8(common, after) < 0) return undefined; // all of it comes before
    for (const { name, isFile, isDirectory } of readFolder(root.pathOf(folder))) {
      if (!isFile && !isDirectory) return "unclear"; // a link, a pipe
      if (folder === "" && name.startsWith(".")) continue;
      const own = isDirectory ? `${name}/` : name;
      const tail = tailOf(own);
      if (!mayHold(tail, isDirectory, { rest, behind })) continue;
      const order = orderOf(tail, isDirectory);
      if (first === undefined || compareUtf8(order, first.order) < 0) {
        first = { name: own, tail, order };
      }
    }
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "list", key: prefix });
  }
  return first;
}

/** Whether an entry may be, or hold, a key that begins with `rest` and comes after `behind`. */
function mayHold(
  tail: string,
  isFolder: boolean,
  { rest, behind }: { rest: string; behind: string },
): boolean {
  if (!tail.startsWith(rest) && !(isFolder && rest.startsWith(tail))) return false;
  return behind === "" || compareUtf8(tail, behind) > 0 || isFolder && behind.startsWith(tail);
}
