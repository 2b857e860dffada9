// The first key of a listing and its object, without sorting a folder: every resolution of a
// version needs it.
import type { CallOptions, ObjectInfo, StoredObject } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { type Entry, listObjects, mayHold, readEntries } from "./list.ts";
import { readFile, readObject } from "./read.ts";
import { type LocalRoot, statObject } from "./root.ts";

/** Limits retries after another program deleted an object right after it was listed. */
const MAX_ATTEMPTS = 1000;

/** The first key that begins with `prefix` and follows `after`. */
interface Wanted extends CallOptions {
  prefix: string;
  after?: string;
}

export async function headFirst(root: LocalRoot, wanted: Wanted): Promise<ObjectInfo | undefined> {
  const first = await findFirst(root, wanted);
  if (first === "none") return undefined;
  return (first === "unclear" ? undefined : statObject(root, first.key, first.path)) ??
    await walkToFirst(root, wanted);
}

export async function readFirst(
  root: LocalRoot,
  wanted: Wanted,
): Promise<StoredObject | undefined> {
  const first = await findFirst(root, wanted);
  if (first === "none") return undefined;
  let object = first === "unclear" ? undefined : readFile(root, first, wanted);
  for (let attempt = 1; object === undefined; attempt++) {
    if (attempt > MAX_ATTEMPTS) {
      throw root.failure({ code: "EAGAIN" }, { action: "read", key: wanted.prefix });
    }
    const info = await walkToFirst(root, wanted);
    if (info === undefined) return undefined;
    object = readObject(root, info.key, wanted);
  }
  return object;
}

/** The complete search, for folders with foreign files, links or nothing. */
async function walkToFirst(
  root: LocalRoot,
  { prefix, after }: Wanted,
): Promise<ObjectInfo | undefined> {
  for await (const entry of listObjects(root, prefix, { after })) return entry as ObjectInfo;
}

type Found = { key: string; path: string } | "none" | "unclear";

async function findFirst(root: LocalRoot, wanted: Wanted): Promise<Found> {
  const start = root.folderOf(wanted.prefix);
  if (!isThere(root, start, wanted)) return "none";
  for (let folder = start;;) {
    const entries = await readEntries(root, folder, true);
    if (entries.some(({ isForeign }) => isForeign)) return "unclear";
    const first = firstOf(entries.filter((entry) => mayHold(entry, wanted)));
    if (first === undefined) return folder === start && entries.length > 0 ? "none" : "unclear";
    const { path, text: key } = first;
    if (!path.endsWith("/")) {
      return root.isPlaceOf(key, path) ? { key, path: root.pathOf(path) } : "unclear";
    }
    folder = path;
  }
}

/** Returns true if a folder exists. Throws if a link leads to it. */
function isThere(root: LocalRoot, folder: string, { prefix }: Wanted): boolean {
  try {
    return root.ways.find(root.pathOf(folder).replace(/(?<=.)\/$/, ""));
  } catch (error) {
    if (root.isMissing(error)) return false;
    throw root.failure(error, { action: "list", key: prefix });
  }
}

function firstOf(entries: readonly Entry[]): Entry | undefined {
  let [first] = entries;
  for (const each of entries) if (!first || compareUtf8(each.order, first.order) < 0) first = each;
  return first;
}
