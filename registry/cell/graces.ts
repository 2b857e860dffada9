// The graces of a registry: the one it was created with, and those that were set since. FORMAT.md,
// section 6.4 says the rule in words.
//
// Writers go by the least grace for ever, and every one that is set is at least as long, so what a
// collector removes by one of these it might have removed by that.
import { isPrefix } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { asGeneration, misplaced, readHead, readRecord, recordOfKind } from "./heads.ts";
import { SETTINGS } from "../format/layout.ts";
import type { Store } from "./store.ts";

/** The shortest grace, and the default of `leastGraceMs`: an hour. */
export const MIN_GRACE_MS = 60 * 60 * 1000;

/** Throws `Invalid` for a grace that readers and slow writers could not rely on. */
export function checkGrace(
  graceMs: number | undefined,
  action = "open a registry with",
  name = "graceMs",
): void {
  if (graceMs === undefined || (Number.isSafeInteger(graceMs) && graceMs >= MIN_GRACE_MS)) return;
  throw fault({
    code: "Invalid",
    action,
    subject: name,
    state: `${graceMs}: it must be a whole number from ${MIN_GRACE_MS}`,
    hint: "It is at least an hour: readers and slow writers rely on it.",
  });
}

export interface SetGrace {
  /** The grace, milliseconds. */
  graceMs: number;
  /** When another one took its place, store time, milliseconds; absent for the newest. */
  replacedAt?: number;
}

/** All graces that were ever set, the newest first. Where none was, that of creation is known: one request is made. */
export async function readGraces(store: Store, signal?: AbortSignal): Promise<SetGrace[]> {
  const { backend, settings: { graceMs } } = store;
  const head = await readHead(store, SETTINGS, signal);
  if (head?.generation === 1) return [{ graceMs }];
  const graces: SetGrace[] = [];
  let above: { generation: number; modifiedAt: number } | undefined;
  for await (const entry of backend.list(SETTINGS, { signal })) {
    const listed = isPrefix(entry) ? undefined : asGeneration(entry);
    if (listed === undefined) continue;
    const found = await readRecord(store, listed, signal);
    if (found === undefined || above !== undefined && above.generation !== listed.generation + 1) {
      break;
    }
    const { generation, settings, registry } = recordOfKind(found, "settings");
    if (generation > 1 && registry !== store.id) throw misplaced(listed.key, found.record);
    graces.push({ graceMs: settings.graceMs, ...(above && { replacedAt: above.modifiedAt }) });
    above = listed;
  }
  if (above?.generation === 1) return graces;
  throw fault({
    code: "Corrupt",
    action: "read the settings of the registry at",
    subject: backend.location,
    state: "some of their records are gone",
    hint:
      "Something else deletes files there. Restore them from a copy: nothing is collected until then.",
    backend: backend.location,
  });
}

/**
 * How long what is replaced, deleted or never committed stays, milliseconds: a shorter grace counts only once the longer
 * one before it has passed.
 *
 * @param now the store's time, milliseconds
 */
export function bindingGraceMs(graces: readonly SetGrace[], now: number): number {
  return Math.max(
    ...graces.filter((grace) => !hasPassed(grace, now)).map(({ graceMs }) => graceMs),
  );
}

/** How long what was written or replaced at a moment, store time, stays at least, milliseconds. */
export function graceAt(graces: readonly SetGrace[], moment: number): number {
  return graces.findLast(({ replacedAt = Infinity }) => replacedAt > moment)!.graceMs;
}

/** From when on the newest grace alone counts, store time, milliseconds; undefined where it does already. */
export function countsFrom(
  [newest, ...older]: readonly SetGrace[],
  now: number,
): number | undefined {
  const longer = older.filter((grace) => grace.graceMs > newest.graceMs && !hasPassed(grace, now));
  return longer.length === 0
    ? undefined
    : Math.max(...longer.map(({ graceMs, replacedAt = 0 }) => replacedAt + graceMs));
}

/** Whether all that was replaced while a grace held has outlived it. */
function hasPassed({ graceMs, replacedAt }: SetGrace, now: number): boolean {
  return replacedAt !== undefined && replacedAt + graceMs <= now;
}
