/**
 * What was begun outside of all names and never ended.
 *
 * @module
 */
import { isPrefix } from "../../../core/backend.ts";
import { decodeName } from "../../../core/names.ts";
import { isLeftover, JANITOR, SCRATCH, UPLOADS } from "../../layout.ts";
import type { Collection, GarbageItem } from "../collection.ts";

/** How many are held in memory. */
const LEFTOVERS_AT_ONCE = 1000;

/** Removes old uploads, marks and what probes left, and the notes of names that the store has nothing of. */
export async function removeLeftovers({ context, names, isOld, remove, signal }: Collection): Promise<void> {
  let old: GarbageItem[] = [];
  for (const top of [UPLOADS, SCRATCH, JANITOR]) {
    for await (const entry of context.backend.list(top, { signal })) {
      if (isPrefix(entry) || !isOld(entry.modifiedAt)) continue;
      const name = entry.key.slice(JANITOR.length);
      const isGone = top === JANITOR ? !names.has(name) && decodeName(name) !== undefined : isLeftover(entry.key);
      if (!isGone) continue;
      old.push({ what: "upload", key: entry.key, size: entry.size, why: "left behind" });
      if (old.length < LEFTOVERS_AT_ONCE) continue;
      await remove(old);
      old = [];
    }
  }
  await remove(old);
}
