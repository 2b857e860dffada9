// The grace periods of a registry: the one of its creation and those set since (FORMAT.md,
// section 6.4). Writers always use the least grace period, and every other is at least as long.
import { corrupt, invalid } from "../../core/errors.ts";
import { listHeads, misplaced, readHead, readRecord, recordOfKind } from "./heads.ts";
import { SETTINGS } from "../format/layout.ts";
import type { Store } from "./store.ts";

/** The shortest grace period, and the default of `leastGraceMs`: an hour. */
export const MIN_GRACE_MS = 60 * 60 * 1000;

/** Throws `Invalid` for a grace period on which readers and slow writers could not rely. */
export function checkGrace(
  graceMs: number | undefined,
  action = "open a registry with",
  name = "graceMs",
): void {
  if (graceMs === undefined || (Number.isSafeInteger(graceMs) && graceMs >= MIN_GRACE_MS)) return;
  throw invalid(action, name, `${graceMs} is not a whole number of at least ${MIN_GRACE_MS}`, {
    hint: "Pass at least an hour, in milliseconds: readers and slow writers rely on it.",
  });
}

interface SetGrace {
  graceMs: number;
  /** Time of the store when it was replaced, milliseconds; absent for the newest. */
  replacedAt?: number;
}

/** Newest first. */
export type Graces = readonly [SetGrace, ...SetGrace[]];

/** Returns all grace periods. One request if only that of creation exists. */
export async function readGraces(store: Store, signal?: AbortSignal): Promise<Graces> {
  const { backend, settings: { graceMs } } = store;
  const head = await readHead(store, SETTINGS, signal);
  if (head?.generation === 1) return [{ graceMs }];
  const graces: SetGrace[] = [];
  let above: { generation: number; modifiedAt: number } | undefined;
  for await (const listed of listHeads(store, SETTINGS, { signal })) {
    const object = await readRecord(store, listed, signal);
    if (object === undefined || above !== undefined && above.generation !== listed.generation + 1) {
      break;
    }
    const { generation, settings, registry } = recordOfKind(object, "settings");
    if (generation > 1 && registry !== store.id) throw misplaced(listed.key, object.record);
    graces.push({ graceMs: settings.graceMs, ...(above && { replacedAt: above.modifiedAt }) });
    above = listed;
  }
  const [newest, ...older] = graces;
  if (above?.generation === 1 && newest !== undefined) return [newest, ...older];
  throw corrupt("read settings of registry", backend.location, "some of its records are missing", {
    hint: "Restore the files in `settings/` from a backup. `gc` removes nothing until then.",
    backend: backend.location,
  });
}

/**
 * Returns how long replaced, deleted and uncommitted data is kept, milliseconds. A shorter grace
 * period applies only after the longer one before it has passed.
 *
 * @param now time of the store, milliseconds
 */
export function bindingGraceMs(graces: readonly SetGrace[], now: number): number {
  return Math.max(
    ...graces.filter((grace) => !hasPassed(grace, now)).map(({ graceMs }) => graceMs),
  );
}

/** Returns the grace period of data written or replaced at `moment`, all in milliseconds. */
export function graceAt(graces: readonly SetGrace[], moment: number): number {
  return graces.findLast(({ replacedAt = Infinity }) => replacedAt > moment)!.graceMs;
}

/** Returns when the newest grace period begins to apply, milliseconds; undefined if it applies. */
export function countsFrom([newest, ...older]: Graces, now: number): number | undefined {
  const longer = older.filter((grace) => grace.graceMs > newest.graceMs && !hasPassed(grace, now));
  return longer.length === 0
    ? undefined
    : Math.max(...longer.map(({ graceMs, replacedAt = 0 }) => replacedAt + graceMs));
}

/** Returns true if all data replaced during this grace period has outlived it. */
function hasPassed({ graceMs, replacedAt }: SetGrace, now: number): boolean {
  return replacedAt !== undefined && replacedAt + graceMs <= now;
}
