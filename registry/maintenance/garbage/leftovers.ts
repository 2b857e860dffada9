// What was begun outside of all names and never ended.
import { decodeName } from "../../../core/naming/names.ts";
import { isLeftover, JANITOR, SCRATCH, UPLOADS } from "../../format/layout.ts";
import type { Collection, GarbageItem } from "../collection.ts";
import { listReadable } from "../readable.ts";

const LEFTOVERS_AT_ONCE = 1000;

const WHY = "left behind";

export async function removeLeftovers(collection: Collection): Promise<void> {
  const { context, names, graceMs, markKey, signal } = collection;
  const onFailure = ({ message }: Error, key: string) => collection.fail(key, message);
  let old: GarbageItem[] = [];
  for (const top of [UPLOADS, SCRATCH, JANITOR]) {
    for await (const entry of listReadable(context, top, { signal, onFailure })) {
      if (entry.key === markKey) continue;
      if (!collection.isOld(entry.modifiedAt) && top === UPLOADS && isLeftover(entry.key)) {
        collection.waits(
          [{ what: "upload", key: entry.key, size: entry.size, why: WHY }],
          entry.modifiedAt + graceMs,
        );
      }
      if (!collection.isOld(entry.modifiedAt)) continue;
      const name = entry.key.slice(JANITOR.length);
      const isGone = top === JANITOR
        ? !names.has(name) && decodeName(name) !== undefined
        : isLeftover(entry.key);
      if (!isGone) continue;
      old.push({ what: "upload", key: entry.key, size: entry.size, why: WHY });
      if (old.length < LEFTOVERS_AT_ONCE) continue;
      await collection.remove(old);
      old = [];
    }
  }
  await collection.remove(old);
}
