// The first key of a listing, and its object, at little more than what the system takes: each
// latest, each next version and each look at a cell asks for it.
import type { CallOptions, ObjectInfo, StoredObject } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { readFolder } from "../../disk/disk_calls.ts";
import { listObjects } from "./list.ts";
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

function findFirst(root: LocalRoot, { prefix, after = "" }: Wanted): Found | "none" | "unclear" {
  const { layout } = root;
  let folder = root.folderOf(prefix);
  for (let depth = 0;; depth++) {
    // What is in a folder has the folder's text in common: only what follows that is compared.
    const common = layout.textOf(folder);
    const tailOf = layout.tailsIn(folder);
    const rest = prefix.slice(common.length);
    const isPassed = !after.startsWith(common) && compareUtf8(common, after) < 0; // all of it comes before
    const behind = after.startsWith(common) ? after.slice(common.length) : "";
    let tail = "", order = "", name = "";
    try {
      const path = root.pathOf(folder);
      if (depth === 0 && !root.ways.find(folder === "" ? path : path.slice(0, -1))) return "none";
      for (const entry of isPassed ? [] : readFolder(path)) {
        if (!entry.isFile && !entry.isDirectory) return "unclear"; // a link, a pipe
        const own = entry.isDirectory ? `${entry.name}/` : entry.name;
        const its = tailOf(own);
        if (!its.startsWith(rest) && !(entry.isDirectory && rest.startsWith(its))) continue;
        if (folder === "" && own.startsWith(".")) continue;
        if (
          behind !== "" && compareUtf8(its, behind) <= 0 &&
          !(entry.isDirectory && behind.startsWith(its))
        ) continue;
        const place = entry.isDirectory && !its.endsWith("/") ? `${its}0` : its; // see list.ts
        if (name !== "" && compareUtf8(place, order) >= 0) continue;
        tail = its, order = place, name = own;
      }
    } catch (error) {
      if (!root.isMissing(error)) throw root.failure(error, { action: "list", key: prefix });
    }
    if (name === "") return depth === 0 ? "none" : "unclear";
    if (!name.endsWith("/")) {
      const [key, path] = [common + tail, folder + name];
      return root.isPlaceOf(key, path) ? { key, path: root.pathOf(path) } : "unclear";
    }
    folder += name;
  }
}
