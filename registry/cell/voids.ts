// Void records: a create that was held up somewhere for a day must not become a version that nobody
// can read.
import { isPrefix } from "../../core/backend.ts";
import type { Context } from "../opening/context.ts";
import { asGeneration, headOf, readHead, readRecord } from "./heads.ts";
import type { FoundRecord, Head } from "./heads.ts";
import { payloadKey } from "../layout.ts";
import { objectsOf, withFiles } from "../payload/objects.ts";

/**
 * Whether a record landed so long after its operation began that its payload may have been collected before. In a
 * registry that was restored or copied all times are late, and nothing is.
 */
export function isLate(context: Context, { record, info }: FoundRecord): boolean {
  const startedAt = Date.parse(record.startedAt);
  return context.createdAt <= startedAt &&
    info.modifiedAt > startedAt + context.settings.leastGraceMs / 2;
}

/** Whether a record landed late and refers to payload: it does not count, or not for long, where that is gone. */
export function mayBecomeVoid(context: Context, found: FoundRecord): boolean {
  return isLate(context, found) && objectsOf(context, found.record).length > 0;
}

/** Whether a record does not count: it landed late, and of what it refers to something is gone. */
export async function isVoid(
  context: Context,
  found: FoundRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  const { record, info } = found;
  if (context.voids.has(info.key)) return true;
  if (record.kind !== "version" || !mayBecomeVoid(context, found)) return false;
  const whole = await withFiles(context, record, signal);
  for (const [place, object] of objectsOf(context, whole ?? record)) {
    const key = payloadKey(record.name, place, object);
    if (await context.backend.head(key, { signal }) !== undefined) continue;
    noteVoid(context, info.key);
    return true;
  }
  return false;
}

export function noteVoid(context: Context, key: string): void {
  if (context.voids.has(key)) return;
  context.voids.add(key);
  context.logger.warn(
    `record "${key}" does not count: it landed too late, and its payload is gone`,
  );
}

/** The newest generation that is not known to be void. */
export async function countingHead(
  context: Context,
  cell: string,
  signal?: AbortSignal,
): Promise<Head | undefined> {
  const head = await readHead(context, cell, signal);
  if (head === undefined || !context.voids.has(head.key)) return head;
  for await (const entry of context.backend.list(cell, { after: head.key, signal })) {
    const older = isPrefix(entry) ? undefined : asGeneration(entry);
    if (older !== undefined && !context.voids.has(older.key)) {
      return headOf(older);
    }
  }
}

/** The record of a cell that counts where `found` was its head; undefined where none does. */
export async function countingRecord(
  context: Context,
  cell: string,
  found: FoundRecord,
  signal?: AbortSignal,
): Promise<FoundRecord | undefined> {
  let counting: FoundRecord | undefined = found;
  while (counting !== undefined && await isVoid(context, counting, signal)) {
    const head = await countingHead(context, cell, signal);
    counting = head && await readRecord(context, head, signal);
  }
  return counting;
}
