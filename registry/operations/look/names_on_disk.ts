// Names on a disk, where each has a folder. The first list reads all folders, and finds a live version
// in each. Later lists only check that its record is there, and no newer one: then it is still live.
import type { Backend, StoredFolder, StoredFolders } from "../../../core/backend.ts";
import { decodeName } from "../../../core/naming/names.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { anyVersion } from "../../cell/heads.ts";
import { NAMES, parseCellKey, recordKey } from "../../format/layout.ts";
import { TOMBSTONE_BYTES } from "../../format/record_codec.ts";
import type { Context } from "../context.ts";

/** A name with a live version when it was listed: while `sizeIn` its folder returns this size. */
interface SeenName {
  name: string;
  size: number;
  /** The record. Names whose records have keys that end alike share both. */
  tail: string;
  sizeIn(folder: StoredFolder): number | undefined;
}

/** Each takes about 200 bytes. */
const MOST_SEEN = 200_000;
/** By stores, and by paths of folders. */
const seenIn = new WeakMap<Backend, Map<string, SeenName>>();

export async function* namesOnDisk(
  context: Context,
  folders: StoredFolders,
  { prefix, next: after, signal }: { prefix: string; next?: string; signal?: AbortSignal },
): AsyncGenerator<string[]> {
  const { backend } = context, seen = seenIn.get(backend) ?? new Map<string, SeenName>();
  seenIn.set(backend, seen);
  let isEmpty = true, last: SeenName | undefined;
  for await (const some of folders.list(prefix, { after, signal })) {
    await giveWay(signal);
    const listed: string[] = [];
    for (const folder of some) {
      let known = seen.get(folder.path);
      if (known === undefined || known.sizeIn(folder) !== known.size) {
        seen.delete(folder.path);
        let live = firstLive(folders, folder, folders.heads(folder, "versions/"), last);
        if (live === "unclear") {
          live = firstLive(folders, folder, [await anyVersion(context, folder.prefix, signal)]);
        }
        if (typeof live !== "object") continue;
        known = last = live;
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

/** Returns the name of a live version among records, newest first. Most are like the `last` one. */
function firstLive(
  folders: StoredFolders,
  folder: StoredFolder,
  records: Iterable<{ key: string; size: number } | undefined>,
  last?: SeenName,
): SeenName | "unclear" | undefined {
  const { length } = folder.prefix, name = decodeName(folder.prefix.slice(NAMES.length, -1));
  for (const record of records) {
    if (record === undefined) return "unclear";
    const { key, size } = record, tail = key.slice(length), isLike = tail === last?.tail;
    const its = isLike ? undefined : parseCellKey(key);
    const newer = its && recordKey(its.cell, its.generation + 1).slice(length);
    const sizeIn = isLike ? last.sizeIn : newer && folders.watch(folder, tail, newer);
    if (name === undefined || !sizeIn) return "unclear";
    const shared = isLike ? last.tail : tail; // a slice keeps its key
    if (size !== TOMBSTONE_BYTES) return { name, size, tail: shared, sizeIn };
  }
}
