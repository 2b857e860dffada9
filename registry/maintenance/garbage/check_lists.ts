// A check of lists before payload is removed: a store that omits records makes needed payload look
// unused. Generation 1 of a version stays as long as its cell has payload, and has a known key. A
// second list shows what one wrong list omits.
import { type RegistryError, unavailable } from "../../../core/errors.ts";
import { decodeName } from "../../../core/naming/names.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { parsePayloadKey, payloadCell, recordKey } from "../../format/layout.ts";
import type { Collection, GarbageItem } from "../collection.ts";
import { type Cell, listCells } from "./known.ts";
import type { Note } from "./note.ts";

/**
 * Throws `Unavailable` if unneeded payload belongs to a version that exists, but was not listed, or
 * if a record that an earlier run noted, or that a second list shows, exists but was not listed.
 *
 * @param cells all listed cells of the name
 */
export async function checkLists(
  collection: Collection,
  { name, cells, note }: { name: string; cells: readonly Cell[]; note: Note },
  unneeded: readonly GarbageItem[],
): Promise<void> {
  if (unneeded.length === 0) return;
  const { context, signal } = collection;
  const { backend, settings } = context;
  const owners = unneeded.map(({ key }) => {
    const place = parsePayloadKey(key);
    return place && payloadCell(place, settings.versioned);
  });
  const listed = new Set(cells.map(({ cell }) => cell));
  const unlisted = new Set(owners.filter((cell) => cell !== undefined && !listed.has(cell)));
  const firsts = [...unlisted].map((cell) => recordKey(cell!, 1));
  const records = cells.flatMap(({ generations }) => generations);
  const noted = await note.unlisted(records);
  await forEachAtOnce(new Set([...firsts, ...noted]), async (key) => {
    if (await backend.head(key, { signal }) !== undefined) throw omitted(name, key); // else collected
  });
  const keys = new Set(records.map(({ key }) => key));
  for (const { generations } of await listCells(collection, name)) {
    for (const { key, modifiedAt } of generations) {
      if (modifiedAt < collection.markAt() && !keys.has(key)) throw omitted(name, key);
    }
  }
}

function omitted(name: string, key: string): RegistryError {
  const state = "a list of its records omits one that exists";
  return unavailable("collect garbage", decodeName(name), state, {
    hint: "Check the store: its lists are incomplete. Nothing of this name was removed.",
    key,
  });
}
