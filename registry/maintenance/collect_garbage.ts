// The janitor: removes what nothing refers to any more. Any number may run at once, beside readers
// and writers.
import { isPrefix } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { checkWritable, contextOf } from "../opening/context.ts";
import type { Context } from "../opening/context.ts";
import { bindingGraceMs, readGraces } from "../opening/graces.ts";
import { decodeName } from "../../core/naming/names.ts";
import { NAMES, OBJECTS, refOfKey } from "../layout.ts";
import { memoryMs, takeMark } from "./collection.ts";
import type { Collection, GarbageItem, GarbageKind, Measure, WaitingItem } from "./collection.ts";
import { collectDrafts } from "./garbage/drafts.ts";
import { removeLeftovers } from "./garbage/leftovers.ts";
import { checkNobodyUploads, collectName } from "./garbage_of_name.ts";
import { removeNotes } from "./garbage/lineage_notes.ts";
import { asPartial } from "./readable.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";

/** Options of {@linkcode collectGarbage}. */
export interface GarbageOptions extends SignalOptions {
  /** Only say what would go. @default false */
  dryRun?: boolean;
  /**
   * Forget names all of whose versions were deleted long ago (30 days, or 30 times the grace if that is longer): all
   * that is kept of them goes, and their versions may be used again. Nobody may save under such a name while this
   * runs, and no other collector may run; names stay where one is seen. @default false
   */
  forget?: boolean;
  /**
   * Remove what nobody needs whatever its age, as if the grace had passed. Only where nobody else uses the registry
   * while this runs, on any machine: a save that is under way then may be acknowledged though its files were removed, and
   * a load or a download of what was just replaced or deleted fails. Of a name that is seen to be written to meanwhile
   * nothing goes. Idempotency keys and drafts stay as long as ever. @default false
   */
  now?: boolean;
  onItem?: (item: GarbageItem) => void;
  onWaiting?: (item: WaitingItem) => void;
}

/** What {@linkcode collectGarbage} did. */
export interface GarbageReport {
  dryRun: boolean;
  /** The store's time that all ages were measured against. */
  markAt: Date;
  /** The grace that ages were measured by, milliseconds; with `now` none was. */
  graceMs: number;
  /** How many of each kind, and their bytes. */
  removed: Record<GarbageKind, { count: number; bytes: number }>;
  bytes: number;
  /** What nobody needs and is too young to go: how many things, their bytes, and from when on the first may go. */
  waiting: { count: number; bytes: number; nextAt?: Date };
  /** Keys of records that do not count: they landed too late, when their payload was gone. */
  voids: string[];
  /** What could not be removed. The next run tries again. */
  failures: { key: string; message: string }[];
}

/** What `collectGarbage` of `registry/tools.ts` does. */
export async function collectGarbage(
  registry: Registry,
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  const context = contextOf(registry, "collect garbage");
  checkWritable(context, "collect garbage");
  const { mark, key } = await takeMark(context, "collect garbage", options.signal);
  let report: GarbageReport;
  try {
    const graceMs = bindingGraceMs(await readGraces(context, options.signal), mark); // as they are after the mark
    report = emptyReport({ dryRun: options.dryRun ?? false, mark, graceMs });
    const collection = createCollection(context, { report, markKey: key, ...options });
    for (const [what, step] of STEPS) {
      context.logger.debug(`collect garbage: ${what}`);
      await step(collection, report);
    }
  } finally {
    await context.backend.delete(key);
    if (!options.dryRun) await context.backend.reserve?.();
  }
  return report;
}

const STEPS = [
  ["unfinished writes", sweepStages],
  ["names", collectNames],
  ["what uploads, probes and collectors left", removeLeftovers],
  ["notes of lineage", removeNotes],
] as const;

/** Unfinished writes first: a writer whose stage is gone can no longer commit. */
export async function sweepStages(
  { context, count, waits, graceMs, signal }: Collection,
  report: GarbageReport,
): Promise<void> {
  const { backend } = context;
  const olderThan = report.markAt.getTime() - graceMs;
  const why = "a write that never ended";
  for await (
    const { key, size = 0 }
      of backend.sweepUploads?.({ olderThan, dryRun: report.dryRun, signal }) ?? []
  ) {
    count({ what: "stage", key, size, why });
  }
  for await (
    const young of backend.sweepUploads?.({ olderThan: Infinity, dryRun: true, signal }) ?? []
  ) {
    const { key, size = 0, startedAt } = young;
    if (startedAt >= olderThan) waits([{ what: "stage", key, size, why }], startedAt + graceMs);
  }
}

export async function collectNames(collection: Collection): Promise<void> {
  const { context, signal, names } = collection;
  collection.drafts = await collectDrafts(collection);
  for (const name of collection.drafts.names) names.add(name);
  for (const top of [OBJECTS, NAMES]) {
    for await (const entry of context.backend.list(top, { delimiter: "/", signal })) {
      const name = isPrefix(entry) ? entry.prefix.slice(top.length, -1) : "";
      if (decodeName(name) !== undefined) names.add(name);
    }
  }
  const left = new Set<string>();
  if (collection.graceMs <= 0) await forEachName((name) => checkNobodyUploads(collection, name));
  await forEachName((name) => collectName(collection, name));

  async function forEachName(action: (name: string) => Promise<void>): Promise<void> {
    for (const name of names) {
      if (left.has(name)) continue;
      try {
        await action(name);
      } catch (error) {
        // What cannot be read may refer to anything of its name: nothing of that goes.
        const { key = name, message } = await asPartial(context, error, signal);
        collection.fail(key, message);
        left.add(name);
      }
    }
  }
}

/** What is written in the same second as the mark is not younger: many stores tell no more than seconds. */
const CLOCK_STEP_MS = 1000;

export function createCollection(
  context: Context,
  { report, markKey, signal, forget = false, now = false, onItem, onWaiting, measure }:
    & GarbageOptions
    & {
      report: GarbageReport;
      markKey: string;
      measure?: Measure;
    },
): Collection {
  const { backend, settings, system } = context;
  const graceMs = now ? -CLOCK_STEP_MS : report.graceMs;
  const markAt = () => report.markAt.getTime();
  const begun = { wall: system.now(), monotonic: system.monotonic() };
  const collection: Collection = {
    context,
    signal,
    forget,
    measure,
    graceMs,
    markKey,
    markAt,
    dryRun: report.dryRun,
    names: new Set(),
    drafts: { names: new Set(), placesOf: () => [] },
    isOld: (modifiedAt) => modifiedAt < markAt() - graceMs,
    isForgettable: (modifiedAt) => modifiedAt < markAt() - memoryMs(report.graceMs),
    isLate() {
      const { wall, monotonic } = begun;
      return Math.max(system.now() - wall, system.monotonic() - monotonic) >
        settings.leastGraceMs / 4;
    },
    count(item) {
      const removed = report.removed[item.what];
      removed.count++;
      removed.bytes += item.size;
      report.bytes += item.size;
      onItem?.(named(item));
    },
    waits(items, until) {
      for (const item of items) {
        const { waiting } = report;
        waiting.count++;
        waiting.bytes += item.size;
        waiting.nextAt = new Date(Math.min(waiting.nextAt?.getTime() ?? until, until));
        onWaiting?.({ ...named(item), until: new Date(until) });
      }
    },
    async remove(items) {
      const keys = report.dryRun ? [] : items.map(({ key }) => key);
      const failures = await removeObjects(backend, keys, signal);
      for (const item of items) {
        const failure = failures.get(item.key);
        if (failure === undefined) collection.count(item);
        else collection.fail(item.key, failure.message);
      }
      return failures.size === 0;
    },
    async replace(item, replacement) {
      signal?.throwIfAborted();
      try {
        if (!report.dryRun) await backend.put(item.key, replacement, { freesRoom: true, signal });
        collection.count(item);
        return true;
      } catch (error) {
        if (!isRegistryError(error)) throw error;
        collection.fail(item.key, error.message);
        return false;
      }
    },
    fail: (key, message) => void report.failures.push({ key, message }),
    foundVoid(key) {
      report.voids.push(key);
    },
  };
  return collection;
}

function named(item: GarbageItem): GarbageItem {
  const ref = refOfKey(item.key);
  return ref === undefined ? item : { ...item, ref };
}

export function emptyReport(
  { dryRun, mark, graceMs }: { dryRun: boolean; mark: number; graceMs: number },
): GarbageReport {
  const none = () => ({ count: 0, bytes: 0 });
  const records = { generation: none(), scrubbed: none(), key: none(), name: none() };
  const removed = {
    stage: none(),
    ...records,
    payload: none(),
    upload: none(),
    draft: none(),
    note: none(),
  };
  return {
    dryRun,
    markAt: new Date(mark),
    graceMs,
    removed,
    bytes: 0,
    waiting: { count: 0, bytes: 0 },
    voids: [],
    failures: [],
  };
}
