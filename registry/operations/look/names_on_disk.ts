// Names on a disk, where each has a folder. The first list reads all folders, and finds a live version
// in each. Later lists only check whether it has a newer record: without one, it is still live.
import type { Backend, ListOptions, StoredFolder, StoredFolders } from "../../../core/backend.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { anyVersion, asGeneration, type Head, headOf } from "../../cell/heads.ts";
import { cellOf, parseCellKey, recordKey } from "../../format/layout.ts";
import type { Context } from "../context.ts";

/** Names that had a live version after `since`, a moment of the monotonic clock, milliseconds. */
interface SeenNames {
  since: number;
  /** By paths of folders. `isReplaced` returns true if that version has a newer record. */
  names: Map<string, { name: string; isReplaced: () => boolean }>;
}

/** No collector removes the newest record of a version within the shortest grace period, an hour. */
const MOST_MS = 10 * 60 * 1000;
/** Each takes about 300 bytes. */
const MOST_SEEN = 200_000;
const seenIn = new WeakMap<Backend, SeenNames>();

export async function* namesOnDisk(
  context: Context,
  folders: StoredFolders,
  prefix: string,
  { after, signal }: Pick<ListOptions, "after" | "signal">,
): AsyncGenerator<string[]> {
  const { backend, system } = context;
  const now = system.monotonic();
  let seen = seenIn.get(backend);
  if (!seen || now - seen.since > MOST_MS) {
    seenIn.set(backend, seen = { since: now, names: new Map() });
  }
  const { names } = seen;
  let isEmpty = true;
  for await (const some of folders.list(prefix, { after, signal })) {
    await giveWay(signal);
    const listed: string[] = [];
    for (const folder of some) {
      const known = names.get(folder.path);
      if (known !== undefined && !known.isReplaced()) {
        listed.push(known.name);
        continue;
      }
      names.delete(folder.path);
      let head = firstLive(folders, folder);
      if (head === "unclear") head = await anyVersion(context, folder.prefix, signal);
      const record = head && parseCellKey(head.key);
      if (head === undefined || record === undefined) continue;
      const isReplaced = folders.finder(recordKey(cellOf(head.key), head.generation + 1));
      if (names.size < MOST_SEEN) names.set(folder.path, { name: record.name, isReplaced });
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
