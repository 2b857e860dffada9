// Garbage outside the names: unfinished uploads, probes and collections, and lineage notes without
// a record, whose writer lost a race or ended, or whose version was deleted.
import { isPrefix, type ObjectInfo } from "../../../backends/mod.ts";
import { encodeName, forEachAtOnce, isRegistryError, unavailable } from "../../../core/kernel.ts";
import type { Head } from "../../../registry/extending.ts";
import { headIn, LAYOUT } from "../../../registry/records.ts";
import type { Collection, GarbageItem } from "./collection.ts";
import { checkAbsent } from "./check_lists.ts";
import { garbageNoteName } from "../garbage_keys.ts";

const BATCH = 1000;

/**
 * Commands and services write the notes that they use again at least every 90 days. Those that are
 * older than this are of selections, shards and layers that nobody uses any more.
 */
const UNUSED_MS = 365 * 24 * 60 * 60 * 1000;

/** Lists the objects that `isWanted` selects, in batches. Reports places that cannot be listed. */
async function* listBatches(
  collection: Collection,
  folder: string,
  isWanted: (entry: ObjectInfo) => boolean,
): AsyncGenerator<ObjectInfo[]> {
  const { context, signal } = collection;
  const onFailure = (error: Error, key: string) => collection.fail(key, error);
  let batch: ObjectInfo[] = [];
  for await (const entry of context.list(folder, { signal, onFailure })) {
    if (!isWanted(entry)) continue;
    if (batch.push(entry) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

export async function removeLeftovers(collection: Collection): Promise<void> {
  const { names, graceMs, markKey } = collection;
  const itemOf = ({ key, size }: ObjectInfo): GarbageItem => (
    { what: "upload", key, size, why: "left behind" }
  );
  const tables = await mirrorTables(collection);
  const notes = [`${LAYOUT.GARBAGE_NOTES}.`, ...tables];
  const isStray = ({ key, modifiedAt }: ObjectInfo) => {
    const name = garbageNoteName(key);
    if (name !== undefined) return !names.has(name);
    const isNote = notes.some((folder) => key.startsWith(folder));
    return isNote && modifiedAt < collection.markAt() - UNUSED_MS;
  };
  for (
    const top of [
      LAYOUT.UPLOADS,
      LAYOUT.SCRATCH,
      LAYOUT.GARBAGE_NOTES,
      ...tables,
    ]
  ) {
    const batches = listBatches(collection, top, (entry) => {
      const { key, modifiedAt } = entry;
      const isGarbage = top !== LAYOUT.UPLOADS && top !== LAYOUT.SCRATCH
        ? isStray(entry)
        : LAYOUT.isLeftover(key);
      if (key === markKey || !isGarbage) return false;
      if (collection.isOld(modifiedAt)) return true;
      if (top === LAYOUT.UPLOADS) collection.waits([itemOf(entry)], modifiedAt + graceMs);
      return false;
    });
    for await (const old of batches) await collection.remove(old.map(itemOf));
  }
}

/** Returns the folders of the tables of all sources that were mirrored into the registry. */
async function mirrorTables(collection: Collection): Promise<string[]> {
  const { context: { backend }, signal } = collection;
  const folders: string[] = [];
  try {
    for await (const entry of backend.list(LAYOUT.MIRRORS, { delimiter: "/", signal })) {
      if (isPrefix(entry)) folders.push(LAYOUT.mirrorTablesFolder(entry.prefix));
    }
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    collection.fail(LAYOUT.MIRRORS, error);
  }
  return folders;
}

/**
 * Removes notes that are old enough to be forgotten and have no record, which nothing can create
 * any more. Needed notes are written again, so that their next check is as long from now.
 */
export async function removeNotes(collection: Collection): Promise<void> {
  const isOld = ({ modifiedAt }: ObjectInfo) => collection.isForgettable(modifiedAt);
  for await (const old of listBatches(collection, LAYOUT.LINEAGE, isOld)) {
    await collectNotes(collection, old);
  }
}

async function collectNotes(collection: Collection, notes: readonly ObjectInfo[]): Promise<void> {
  const { context, dryRun, signal } = collection;
  const { versioned } = context.settings;
  const stale: ObjectInfo[] = [];
  const cells = new Map<string, ReturnType<typeof commitsOf>>();
  await forEachAtOnce(notes, async (info) => {
    const note = LAYOUT.parseLineageKey(info.key);
    if (
      note === undefined ||
      !info.key.endsWith(`/${LAYOUT.orderSegment(note.version, versioned)}.${note.commit}`)
    ) return;
    const cell = LAYOUT.versionCell(note.name, note.version, versioned);
    if (!cells.has(cell)) cells.set(cell, commitsOf(collection, cell));
    try {
      const found = await cells.get(cell);
      if (found === undefined) return; // an unreadable record may be the noted one
      if (!found.commits.has(note.commit)) {
        await checkAbsent(collection, encodeName(note.name), found.above);
        stale.push(info);
      } else if (!dryRun) await context.backend.put(info.key, new Uint8Array(), { signal });
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      collection.fail(info.key, error);
    }
  });
  const why = "its version does not exist";
  await collection.remove(stale.map(({ key, size }) => ({ what: "note", key, size, why })));
}

/**
 * Returns the commits of all version records in a cell, and the keys of records that exist only if
 * lists omit them; undefined if one cannot be read, or if the listed head was replaced. Throws
 * `Unavailable` if a second list has more records.
 */
async function commitsOf(
  collection: Collection,
  cell: string,
): Promise<{ commits: Set<string>; above: string[] } | undefined> {
  const { context, signal } = collection;
  const commits = new Set<string>();
  const records = await recordsIn(collection, cell);
  const omitted = (await recordsIn(collection, cell)).find(({ key }) =>
    !records.some((record) => record.key === key)
  );
  if (omitted !== undefined) {
    throw unavailable("collect garbage", `"${omitted.key}"`, "a list of records omits it", {
      hint: "Check the store: its lists are incomplete. Its lineage notes were not removed.",
      key: omitted.key,
    });
  }
  const above = [(records[0]?.generation ?? 0) + 1];
  for (const listed of records) {
    try {
      const record = (await context.read(listed.key, signal))?.record;
      if (record?.kind === "version") commits.add(record.commit);
      if (listed !== records[0]) continue;
      if (record?.kind === "scrubbed") return undefined;
      if (record?.kind === "deleted") above.push(3); // in place of the first: see generationAbove
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
      return undefined;
    }
  }
  return { commits, above: above.map((generation) => LAYOUT.recordKey(cell, generation)) };
}

async function recordsIn({ context, signal }: Collection, cell: string): Promise<Head[]> {
  const records: Head[] = [];
  for await (const entry of context.backend.list(cell, { signal })) {
    const listed = headIn(entry);
    if (listed !== undefined) records.push(listed);
  }
  return records;
}
