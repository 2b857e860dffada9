// Names on a disk, where each has a folder. The first list reads all folders, and finds a live version
// in each. Later lists only check that its record is there, and no newer one: then it is still live.
import type { Backend, ListOptions, StoredFolder, StoredFolders } from "../../../core/backend.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { anyVersion, type Head, headIn } from "../../cell/heads.ts";
import { parseCellKey, recordKey } from "../../format/layout.ts";
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
      let known = seen.get(folder.path);
      if (!known?.isLive()) {
        seen.delete(folder.path);
        const live = firstLive(folders, folder);
        known = live === "unclear"
          ? seenName(folders, await anyVersion(context, folder.prefix, signal))
          : live;
        if (known === undefined) continue;
        if (seen.size < MOST_SEEN) seen.set(folder.path, known);
      }
      listed.push(known.name);
    }
    isEmpty &&= some.length === 0;
    yield listed;
  }
  // Throws if the registry is gone.
  if (isEmpty) await Array.fromAsync(backend.list(prefix, { limit: 1, signal }));
}

/** Returns the name of a live version, if there is one. */
function firstLive(folders: StoredFolders, folder: StoredFolder): SeenName | "unclear" | undefined {
  for (const object of folders.heads(folder, "versions/")) {
    const head = object && headIn(object);
    const seen = seenName(folders, head);
    if (head === undefined || seen === undefined) return "unclear";
    if (!head.dead) return seen;
  }
}

function seenName(folders: StoredFolders, newest?: Head): SeenName | undefined {
  const record = newest && parseCellKey(newest.key);
  let isLive: (() => boolean) | undefined;
  return record && {
    name: record.name,
    isLive() {
      isLive ??= folders.watch(newest, recordKey(record.cell, newest.generation + 1));
      return isLive();
    },
  };
}
