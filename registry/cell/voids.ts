// Void records: a create that was held up somewhere for a day must not become a version that nobody
// can read.
import { isPrefix } from "../../core/backend.ts";
import type { Store } from "./store.ts";
import { asGeneration, headOf, readHead, readRecord } from "./heads.ts";
import type { FoundRecord, Head } from "./heads.ts";
import { payloadKey } from "../format/layout.ts";
import { objectsOf, withFiles } from "./objects.ts";

/**
 * Whether a record landed so long after its operation began that its payload may have been collected before. In a
 * registry that was restored or copied all times are late, and nothing is.
 */
export function isLate(store: Store, { record, info }: FoundRecord): boolean {
  const startedAt = Date.parse(record.startedAt);
  return store.createdAt <= startedAt &&
    info.modifiedAt > startedAt + store.settings.leastGraceMs / 2;
}

/** Whether a record landed late and refers to payload: it does not count, or not for long, where that is gone. */
export function mayBecomeVoid(store: Store, found: FoundRecord): boolean {
  return isLate(store, found) && objectsOf(store, found.record).length > 0;
}

/** Whether a record does not count: it landed late, and of what it refers to something is gone. */
export async function isVoid(
  store: Store,
  found: FoundRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  const { record, info } = found;
  if (store.voids.has(info.key)) return true;
  if (record.kind !== "version" || !mayBecomeVoid(store, found)) return false;
  const whole = await withFiles(store, record, signal);
  for (const [place, object] of objectsOf(store, whole ?? record)) {
    const key = payloadKey(record.name, place, object);
    if (await store.backend.head(key, { signal }) !== undefined) continue;
    noteVoid(store, info.key);
    return true;
  }
  return false;
}

export function noteVoid(store: Store, key: string): void {
  if (store.voids.has(key)) return;
  store.voids.add(key);
  store.logger.warn(
    `record "${key}" does not count: it landed too late, and its payload is gone`,
  );
}

/** The newest generation that is not known to be void. */
export async function countingHead(
  store: Store,
  cell: string,
  signal?: AbortSignal,
): Promise<Head | undefined> {
  const head = await readHead(store, cell, signal);
  if (head === undefined || !store.voids.has(head.key)) return head;
  for await (const entry of store.backend.list(cell, { after: head.key, signal })) {
    const older = isPrefix(entry) ? undefined : asGeneration(entry);
    if (older !== undefined && !store.voids.has(older.key)) {
      return headOf(older);
    }
  }
}

/** The record of a cell that counts where `found` was its head; undefined where none does. */
export async function countingRecord(
  store: Store,
  cell: string,
  found: FoundRecord,
  signal?: AbortSignal,
): Promise<FoundRecord | undefined> {
  let counting: FoundRecord | undefined = found;
  while (counting !== undefined && await isVoid(store, counting, signal)) {
    const head = await countingHead(store, cell, signal);
    counting = head && await readRecord(store, head, signal);
  }
  return counting;
}
