// Payload of drafts that nothing known refers to. Its key names no version whose record could be
// asked for. It goes when an earlier run, with lists of its own, has found the same, and nothing that
// names a record of the draft shows one (check_lists.ts): its idempotency key, its end, or the note of
// a run that has seen the record. A run with right lists in between clears this in the note.
import { LAYOUT } from "../../../registry/records.ts";
import type { Collection, GarbageItem } from "./collection.ts";
import type { Note, Unexplained } from "./note.ts";

/** Returns true for payload that the record of its version cannot explain. */
export function isOfDraft(place: string): boolean {
  return place.startsWith(`${LAYOUT.UNVERSIONED}/`);
}

/**
 * Returns the items whose folders an earlier run noted as unexplained, at least half a grace period
 * ago, and what to note: all of their folders. Reports the other items as waiting.
 */
export async function foundBefore(
  collection: Collection,
  note: Note,
  items: readonly GarbageItem[],
): Promise<{ confirmed: GarbageItem[]; unexplained: Unexplained }> {
  const before = await note.unexplained();
  const confirmed: GarbageItem[] = [];
  const unexplained = new Map<string, number>();
  const mark = collection.markAt(), restMs = collection.graceMs / 2;
  for (const item of items) {
    const { order = "", commit = "" } = LAYOUT.parsePayloadKey(item.key) ?? {};
    const place = `${order}/${commit}`;
    const since = before.get(place) ?? mark;
    unexplained.set(place, since);
    if (before.has(place) && since < mark - restMs) confirmed.push(item);
    else collection.waits([{ ...item, why: WAITS }], Math.max(since + restMs, mark));
  }
  return { confirmed, unexplained };
}

const WAITS = "nothing explains it, and a later run must find the same";
