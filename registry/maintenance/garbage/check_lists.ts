// A check of lists before payload is removed: a store that omits records makes needed payload look
// unused. Generation 1 of a version stays as long as its cell has payload, and has a known key.
import { unavailable } from "../../../core/errors.ts";
import { decodeName } from "../../../core/naming/names.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { parsePayloadKey, payloadCell, recordKey } from "../../format/layout.ts";
import type { Collection, GarbageItem } from "../collection.ts";
import type { Cell } from "./known.ts";
import type { Note } from "./note.ts";

/**
 * Throws `Unavailable` if unneeded payload belongs to a version that exists, but was not listed, or
 * if a record that an earlier run noted exists, but was not listed.
 *
 * @param cells all listed cells of the name
 */
export async function checkLists(
  { context, signal }: Collection,
  { cells, note }: { cells: readonly Cell[]; note: Note },
  unneeded: readonly GarbageItem[],
): Promise<void> {
  if (unneeded.length === 0) return;
  const { backend, settings } = context;
  const owners = unneeded.map(({ key }) => {
    const place = parsePayloadKey(key);
    return place && payloadCell(place, settings.versioned);
  });
  const listed = new Set(cells.map(({ cell }) => cell));
  const unlisted = new Set(owners.filter((cell) => cell !== undefined && !listed.has(cell)));
  const firsts = [...unlisted].map((cell) => recordKey(cell!, 1));
  const noted = await note.unlisted(cells.flatMap(({ generations }) => generations));
  await forEachAtOnce(new Set([...firsts, ...noted]), async (key) => {
    if (await backend.head(key, { signal }) === undefined) return; // collected
    const name = decodeName(key.split("/")[1] ?? "");
    throw unavailable("collect garbage", name, "a list of its records omits one that exists", {
      hint: "Check the store: its lists are incomplete. Nothing of this name was removed.",
      key,
    });
  });
}
