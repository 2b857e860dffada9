// Notes of lineage that came to nothing: their writer lost its number or ended before its record,
// or the version is gone.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { asGeneration, readRecord } from "../../cell/heads.ts";
import { LINEAGE, orderSegment, parseLineageKey, versionCell } from "../../format/layout.ts";
import type { Context } from "../../operations/context.ts";
import type { Collection } from "../collection.ts";
import { listReadable } from "../readable.ts";

const NOTES_AT_ONCE = 1000;

/**
 * Removes notes that are as old as what may be forgotten, and whose record is not there: nobody can be about to create
 * it. A note that is needed is written again, so that it is not looked at before the same time has passed once more.
 */
export async function removeNotes(collection: Collection): Promise<void> {
  const { context, signal } = collection;
  const onFailure = ({ message }: Error, key: string) => collection.fail(key, message);
  let old: ObjectInfo[] = [];
  for await (const entry of listReadable(context, LINEAGE, { signal, onFailure })) {
    if (!collection.isForgettable(entry.modifiedAt)) continue;
    old.push(entry);
    if (old.length < NOTES_AT_ONCE) continue;
    await sortNotes(collection, old);
    old = [];
  }
  await sortNotes(collection, old);
}

async function sortNotes(collection: Collection, notes: readonly ObjectInfo[]): Promise<void> {
  const { context, dryRun, signal } = collection;
  const { versioned } = context.settings;
  const stale: ObjectInfo[] = [];
  const cells = new Map<string, Promise<Set<string> | undefined>>();
  await forEachAtOnce(notes, async (info) => {
    const note = parseLineageKey(info.key);
    if (
      note === undefined ||
      !info.key.endsWith(`/${orderSegment(note.version, versioned)}.${note.commit}`)
    ) return;
    const cell = versionCell(note.name, note.version, versioned);
    if (!cells.has(cell)) cells.set(cell, commitsOf(context, cell, signal));
    try {
      const commits = await cells.get(cell);
      if (commits === undefined) return; // what cannot be read may be what was noted
      if (!commits.has(note.commit)) stale.push(info);
      else if (!dryRun) await context.backend.put(info.key, new Uint8Array(), { signal });
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      collection.fail(info.key, error.message);
    }
  });
  const why = "the version that it was noted for is not there";
  await collection.remove(stale.map(({ key, size }) => ({ what: "note", key, size, why })));
}

/** Commits of all versions' records in a cell; undefined where one of them cannot be read. */
async function commitsOf(
  context: Context,
  cell: string,
  signal?: AbortSignal,
): Promise<Set<string> | undefined> {
  const commits = new Set<string>();
  for await (const entry of context.backend.list(cell, { signal })) {
    if (isPrefix(entry) || asGeneration(entry) === undefined) continue;
    try {
      const record = (await readRecord(context, entry.key, signal))?.record;
      if (record?.kind === "version") commits.add(record.commit);
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
      return undefined;
    }
  }
  return commits;
}
