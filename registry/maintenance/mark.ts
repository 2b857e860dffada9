// Marks: the store's time, learnt by writing an object.
import { isPrefix } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { isMark, markKey, SCRATCH } from "../layout.ts";
import type { Collection } from "./collection.ts";
import type { Context } from "../opening/context.ts";

export interface Mark {
  /** The moment, by the store's clock, that all ages are measured against. */
  mark: number;
  key: string;
}

/**
 * Writes an object and reads its time. Where this machine's clock is further off than a quarter of the least grace it
 * refuses: ages by either of the two clocks are then not to be trusted with what cannot be undone.
 */
export async function takeMark(
  context: Context,
  action: string,
  signal?: AbortSignal,
): Promise<Mark> {
  const { backend, system, settings } = context;
  const key = markKey(system.id());
  const result = await backend.put(key, new Uint8Array(), { freesRoom: true, signal });
  const mark = result.written ? result.info.modifiedAt : NaN;
  const skewMs = Math.abs(mark - system.now());
  if (skewMs <= settings.leastGraceMs / 4) return { mark, key };
  await backend.delete(key);
  throw fault({
    code: "Unavailable",
    action,
    state: `this machine's clock and the store's differ by ${Math.round(skewMs / 1000)} s`,
    hint: "Set the clock; nothing was removed.",
    backend: backend.location,
  });
}

/** The store's time, by a mark that is gone again. */
export async function readStoreTime(
  context: Context,
  action: string,
  signal?: AbortSignal,
): Promise<number> {
  const { mark, key } = await takeMark(context, action, signal);
  await context.backend.delete(key);
  return mark;
}

/**
 * The mark of another collector that may be under way. Having listed what is to go before this one, and acting on that
 * after somebody has used the freed key again, it would remove or overwrite what was acknowledged. Every collector takes
 * its mark before it looks, so of two at once at most one finds no other.
 */
export async function otherMark(
  { context, signal, isOld, markKey }: Collection,
): Promise<string | undefined> {
  for await (const entry of context.backend.list(SCRATCH, { signal })) {
    if (
      !isPrefix(entry) && isMark(entry.key) && entry.key !== markKey && !isOld(entry.modifiedAt)
    ) return entry.key;
  }
}
