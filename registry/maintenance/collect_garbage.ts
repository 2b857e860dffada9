/**
 * The janitor: removes what nothing refers to any more. Any number may run at once, beside readers and writers.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { checkWritable, contextOf } from "../opening/context.ts";
import type { Context } from "../opening/context.ts";
import { decodeName } from "../../core/naming/names.ts";
import { NAMES, OBJECTS } from "../layout.ts";
import { memoryMs } from "./collection.ts";
import type { Collection, GarbageItem, GarbageKind } from "./collection.ts";
import { collectDrafts } from "./garbage/drafts.ts";
import { removeLeftovers } from "./garbage/leftovers.ts";
import { collectName } from "./garbage_of_name.ts";
import { removeNotes } from "./garbage/lineage_notes.ts";
import { takeMark } from "./mark.ts";
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
  /** Hears of each thing that goes. */
  onItem?: (item: GarbageItem) => void;
}

/** What {@linkcode collectGarbage} did. */
export interface GarbageReport {
  /** True when nothing was removed. */
  dryRun: boolean;
  /** The store's time that all ages were measured against. */
  markAt: Date;
  /** How many of each kind, and their bytes. */
  removed: Record<GarbageKind, { count: number; bytes: number }>;
  /** Bytes of all. */
  bytes: number;
  /** Keys of records that do not count: they landed too late, when their payload was gone. */
  voids: string[];
  /** What could not be removed. The next run tries again. */
  failures: { key: string; message: string }[];
}

/** What `collectGarbage` of `registry/tools.ts` does. */
export async function collectGarbage(registry: Registry, options: GarbageOptions = {}): Promise<GarbageReport> {
  const context = contextOf(registry, "collect garbage");
  checkWritable(context, "collect garbage");
  const { mark, key } = await takeMark(context, "collect garbage", options.signal);
  const report = emptyReport(options.dryRun ?? false, mark);
  try {
    const collection = createCollection(context, { report, markKey: key }, options);
    for (const step of STEPS) {
      context.logger.debug(`collect garbage: ${step.name}`);
      await step(collection, report);
    }
  } finally {
    await context.backend.delete(key);
  }
  return report;
}

const STEPS = [sweepStages, collectNames, removeLeftovers, removeNotes];

/** Unfinished writes first: a writer whose stage is gone can no longer commit. */
async function sweepStages({ context, count, signal }: Collection, { markAt, dryRun }: GarbageReport): Promise<void> {
  const olderThan = markAt.getTime() - context.settings.graceMs;
  for await (const { key, size = 0 } of context.backend.sweepUploads?.({ olderThan, dryRun, signal }) ?? []) {
    count({ what: "stage", key, size, why: "a write that never ended" });
  }
}

async function collectNames(collection: Collection): Promise<void> {
  const { context, signal, names } = collection;
  collection.drafts = await collectDrafts(collection);
  for (const name of collection.drafts.names) names.add(name);
  for (const top of [OBJECTS, NAMES]) {
    for await (const entry of context.backend.list(top, { delimiter: "/", signal })) {
      const name = isPrefix(entry) ? entry.prefix.slice(top.length, -1) : "";
      if (decodeName(name) !== undefined) names.add(name);
    }
  }
  for (const name of names) {
    try {
      await collectName(collection, name);
    } catch (error) {
      // What cannot be read may refer to anything of its name: nothing of that goes.
      const { key = name, message } = await asPartial(context, error, signal);
      collection.fail(key, message);
    }
  }
}

function createCollection(
  context: Context,
  { report, markKey }: { report: GarbageReport; markKey: string },
  options: GarbageOptions,
): Collection {
  const { backend, settings, system } = context;
  const { signal, onItem, forget = false } = options;
  const { graceMs } = settings;
  const markAt = () => report.markAt.getTime();
  const begun = { wall: system.now(), monotonic: system.monotonic() };
  const collection: Collection = {
    context,
    signal,
    forget,
    markKey,
    markAt,
    dryRun: report.dryRun,
    names: new Set(),
    drafts: { names: new Set(), placesOf: () => [] },
    isOld: (modifiedAt) => modifiedAt < markAt() - graceMs,
    isForgettable: (modifiedAt) => modifiedAt < markAt() - memoryMs(graceMs),
    isLate() {
      const { wall, monotonic } = begun;
      return Math.max(system.now() - wall, system.monotonic() - monotonic) > graceMs / 4;
    },
    count(item) {
      const removed = report.removed[item.what];
      removed.count++;
      removed.bytes += item.size;
      report.bytes += item.size;
      onItem?.(item);
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
        if (!report.dryRun) await backend.put(item.key, replacement, { signal });
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

function emptyReport(dryRun: boolean, mark: number): GarbageReport {
  const none = () => ({ count: 0, bytes: 0 });
  const records = { generation: none(), scrubbed: none(), key: none(), name: none() };
  const removed = { stage: none(), ...records, payload: none(), upload: none(), draft: none(), note: none() };
  return { dryRun, markAt: new Date(mark), removed, bytes: 0, voids: [], failures: [] };
}
