// A check of lists before payload is removed: a store that omits records makes needed payload look
// unused, and its lists may stay wrong for days. Reads by key are right, so this asks for each record
// that could be there: the first of the version that has the payload, the one above its listed head,
// and those that earlier runs, keys and drafts name. A second list shows what one wrong list omits.
import { forEachAtOnce, itemAt, nextVersion, unavailable } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { LAYOUT } from "../../../registry/records.ts";
import type { Collection, GarbageItem } from "./collection.ts";
import { type Cell, type KnownName, listCells } from "./known.ts";
import type { Note } from "./note.ts";

/**
 * Throws `Unavailable` if a record exists that was not listed. Without payload that may go, it asks
 * only for those that a key or the note of an earlier run names.
 *
 * @param known all listed cells of the name, and their records
 * @param going payload that is about to go; that of drafts needs this check in each run
 */
export async function checkLists(
  collection: Collection,
  { name, cells, records, note }: KnownName & { note: Note },
  { unneeded, unexplained }: Record<"unneeded" | "unexplained", readonly GarbageItem[]>,
): Promise<void> {
  const listed = cells.flatMap(({ generations }) => generations);
  const keys = new Set(listed.map(({ key }) => key));
  const isRemoving = unneeded.length + unexplained.length > 0;
  const targets = cells.flatMap(({ generations: [{ key }] }) => records.get(key)?.target ?? []);
  const noted = isRemoving || note.isRead ? await note.unlisted(listed) : [];
  const expected = new Set([...targets.filter((key) => !keys.has(key)), ...noted]);
  if (isRemoving) {
    const items = [...unneeded, ...unexplained];
    for (const key of neighborsOf(collection, { name, cells, records }, items)) expected.add(key);
  }
  if (unexplained.length > 0) {
    for (const id of collection.drafts.placesOf(name).committed) {
      const cell = LAYOUT.keyCell(LAYOUT.decodeName(name)!, `draft:${id}`);
      if (!cells.some((listed) => listed.cell === cell)) expected.add(LAYOUT.recordKey(cell, 1));
    }
  }
  await checkAbsent(collection, name, expected);
  if (!isRemoving) return;
  for (const { generations } of await listCells(collection, name)) {
    for (const { key, modifiedAt } of generations) {
      if (modifiedAt < collection.markAt() && !keys.has(key)) throw omitted(name, key);
    }
  }
}

/** Throws `Unavailable` if one of these records existed at the mark: lists omitted it. */
export async function checkAbsent(
  collection: Collection,
  name: string,
  keys: Iterable<string>,
): Promise<void> {
  const { context: { backend }, signal } = collection;
  await forEachAtOnce(keys, async (key) => {
    const { modifiedAt = Infinity } = await backend.head(key, { signal }) ?? {};
    if (modifiedAt < collection.markAt()) throw omitted(name, key);
  });
}

/**
 * Returns the keys of unlisted records that may need the payload of some versions. The version that a
 * save would number next is the likeliest to share all of it, and then it has no payload of its own.
 */
function neighborsOf(
  { context: { settings: { versioned } } }: Collection,
  { name, cells, records }: KnownName,
  items: readonly GarbageItem[],
): Set<string> {
  const byCell = new Map(cells.map((cell) => [cell.cell, cell]));
  const keys = new Set<string>(), seen = new Set<string>();
  const owners = items.map(({ key }) => {
    const place = LAYOUT.parsePayloadKey(key);
    return place && LAYOUT.payloadCell(place, versioned);
  });
  for (const owner of new Set(owners)) {
    if (owner === undefined) continue;
    const own = byCell.get(owner);
    const first = LAYOUT.recordKey(owner, 1);
    for (const key of own === undefined ? [first] : keysAbove(own, records)) keys.add(key);
    let version = versioned ? LAYOUT.parseCellKey(first)?.version : undefined;
    while (version !== undefined) {
      version = nextVersion(version);
      const cell = LAYOUT.versionCell(LAYOUT.decodeName(name)!, version, true);
      if (!byCell.has(cell)) keys.add(LAYOUT.recordKey(cell, 1));
      if (!byCell.has(cell) || seen.has(cell)) break;
      seen.add(cell);
    }
  }
  return keys;
}

/**
 * Returns the keys of the record above the listed head of a version. A tombstone in the place of the
 * first record may have been the second, see `generationAbove`.
 */
export function keysAbove({ generations }: Cell, records: KnownName["records"]): string[] {
  const { generation, key } = itemAt(generations, 0);
  const cell = key.slice(0, key.lastIndexOf("/") + 1);
  const isBuried = generation === 1 && records.get(key)?.kind === "deleted";
  return [generation + 1, ...isBuried ? [3] : []].map((n) => LAYOUT.recordKey(cell, n));
}

function omitted(name: string, key: string): RegistryError {
  const state = "a list of its records omits one that exists";
  return unavailable("collect garbage", LAYOUT.decodeName(name), state, {
    hint: "Check the store: its lists are incomplete. Nothing of this name was removed.",
    key,
  });
}
