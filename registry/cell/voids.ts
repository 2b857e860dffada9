// Expired records: a create that lands too late must not become an unreadable version.
import type { Store } from "./store.ts";
import { readHead, readRecord } from "./heads.ts";
import type { FoundRecord } from "./heads.ts";
import { payloadKeysOf } from "./file_list.ts";
import { objectsOf } from "./objects.ts";
import { recordKey, SETTINGS } from "../format/layout.ts";

/**
 * Returns true if a record landed so late that its payload may have been collected before. Restored
 * and copied registries are exempt: there, all times are late. `chmod -R` and hard links change all
 * times of an open one, so it looks at the time of its settings again.
 */
export async function isLate(store: Store, object: Landed, signal?: AbortSignal): Promise<boolean> {
  return await landing(store, object, signal) === "late";
}

type Landed = { record: { startedAt: string }; info: { modifiedAt: number } };

/** Returns true if a record was copied or restored long after it was written, with its registry. */
export async function wasCopied(
  store: Store,
  object: Pick<FoundRecord, "record" | "info">,
  signal?: AbortSignal,
): Promise<boolean> {
  return await landing(store, object, signal) === "copied";
}

async function landing(
  store: Store,
  { record, info }: Landed,
  signal?: AbortSignal,
): Promise<"in time" | "late" | "copied"> {
  const startedAt = Date.parse(record.startedAt);
  if (info.modifiedAt <= startedAt + store.settings.leastGraceMs / 2) return "in time";
  if (store.createdAt > startedAt) return "copied";
  const settings = await store.backend.head(recordKey(SETTINGS, 1), { signal });
  store.createdAt = settings?.modifiedAt ?? store.createdAt;
  return store.createdAt > startedAt ? "copied" : "late";
}

/** Returns true if a record landed late and refers to payload: it expires when that is gone. */
export async function mayBecomeVoid(
  store: Store,
  object: FoundRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  return objectsOf(store, object.record).length > 0 && await isLate(store, object, signal);
}

/** Returns true if a record has expired: it landed late, and some of its payload is gone. */
export async function isVoid(
  store: Store,
  object: FoundRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  const { record, info } = object;
  if (store.voids.has(info.key)) return true;
  if (record.kind !== "version" || !await mayBecomeVoid(store, object, signal)) return false;
  for (const key of await payloadKeysOf(store, record, signal)) {
    if (await store.backend.head(key, { signal }) !== undefined) continue;
    noteVoid(store, info.key);
    return true;
  }
  return false;
}

export function noteVoid(store: Store, key: string): void {
  if (store.voids.has(key)) return;
  store.voids.add(key);
  store.logger.warn(`record "${key}" is ignored: it landed too late, and its payload is gone`);
}

/** Returns the newest valid record of a cell whose head is `found`; undefined if there is none. */
export async function countingRecord(
  store: Store,
  cell: string,
  object: FoundRecord,
  signal?: AbortSignal,
): Promise<FoundRecord | undefined> {
  let counting: FoundRecord | undefined = object;
  while (counting !== undefined && await isVoid(store, counting, signal)) {
    const head = await readHead(store, cell, signal, store.voids);
    counting = head && await readRecord(store, head, signal);
  }
  return counting;
}
