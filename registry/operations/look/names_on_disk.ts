// Names on a disk, where each has a folder. The first list reads all folders, and finds a live version
// in each. Later lists only check that its record is there, and no newer one: then it is still live.
import type { Backend, ListOptions, StoredFolder, StoredFolders } from "../../../core/backend.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { anyVersion, asGeneration, type Head, headOf } from "../../cell/heads.ts";
import { cellOf, parseCellKey, recordKey } from "../../format/layout.ts";
import type { Context } from "../context.ts";

/** A name with a live version when it was listed. `isLive` returns true while that is the newest record. */
interface SeenName {
  name: string;
  isLive(): boolean;
}

/** Each takes about 500 bytes. */
const MOST_SEEN = 200_000;
/** By stores, and by paths of folders. */
const seenIn = new WeakMap<Backend, Map<string, SeenName>>();

export async function* namesOnDisk(
  context: Context,
  folders: StoredFolders,
  prefix: string,
  { after, signal }: Pick<ListOptions, "after" | "signal">,
): AsyncGenerator<string[]> {
  const { backend } = context;
  let seen = seenIn.get(backend);
  if (seen === undefined) seenIn.set(backend, seen = new Map());
  let isEmpty = true;
  for await (const some of folders.list(prefix, { after, signal })) {
    await giveWay(signal);
    const listed: string[] = [];
    for (const folder of some) {
      const known = seen.get(folder.path);
      if (known?.isLive()) {
        listed.push(known.name);
        continue;
      }
      seen.delete(folder.path);
      let head = firstLive(folders, folder);
      if (head === "unclear") head = await anyVersion(context, folder.prefix, signal);
      const record = head && parseCellKey(head.key);
      if (head === undefined || record === undefined) continue;
      const { key, generation, size } = head;
      const own = folders.sizer(key), next = folders.sizer(recordKey(cellOf(key), generation + 1));
      const isLive = () => next() === undefined && own() === size; // collectors empty deleted records
      if (seen.size < MOST_SEEN) seen.set(folder.path, { name: record.name, isLive });
      listed.push(record.name);
    }
    isEmpty &&= some.length === 0;
    yield listed;
  }
  // Throws if the registry is gone.
  if (isEmpty) await Array.fromAsync(backend.list(prefix, { limit: 1, signal }));
}

/** Returns the head of a live version, if there is one. */
function firstLive(folders: StoredFolders, folder: StoredFolder): Head | "unclear" | undefined {
  for (const object of folders.heads(folder, "versions/")) {
    const newest = object && asGeneration(object);
    if (newest === undefined || parseCellKey(newest.key) === undefined) return "unclear";
    const head = headOf(newest);
    if (!head.dead) return head;
  }
}
