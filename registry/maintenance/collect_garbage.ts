/**
 * The janitor: removes what nothing refers to any more. Any number may run at once, beside readers and writers.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { checkWritable, contextOf } from "../context.ts";
import type { Context } from "../context.ts";
import { NAMES, OBJECTS, SCRATCH, UPLOADS } from "../layout.ts";
import type { Collection, GarbageItem, GarbageKind } from "./collection.ts";
import { collectName } from "./garbage_of_name.ts";
import { readStoreTime, takeMark } from "./mark.ts";
import { removeObjects } from "../remove_objects.ts";

/** Options of {@linkcode collectGarbage}. */
export interface GarbageOptions extends SignalOptions {
  /** Only say what would go. @default false */
  dryRun?: boolean;
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

/**
 * Removes replaced generations, the payload of what was deleted or never committed, and unfinished uploads, all
 * older than the registry's `graceMs` by the store's clock. What is live is never touched.
 *
 * @example
 * ```ts
 * import { collectGarbage, createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const report = await collectGarbage(registry, { dryRun: true });
 * assertEquals(report.bytes, 0);
 * ```
 */
export async function collectGarbage(registry: Registry, options: GarbageOptions = {}): Promise<GarbageReport> {
  const context = contextOf(registry);
  checkWritable(context, "collect garbage");
  const { mark, key } = await takeMark(context, "collect garbage", options.signal);
  const report = emptyReport(options.dryRun ?? false, mark);
  try {
    const collection = createCollection(context, report, options);
    for (const step of STEPS) {
      context.logger.debug(`collect garbage: ${step.name}`);
      await step(collection, report);
    }
  } finally {
    await context.backend.delete(key);
  }
  return report;
}

/** How many leftovers are held in memory. */
const LEFTOVERS_AT_ONCE = 1000;

const STEPS = [sweepStages, collectNames, removeLeftovers];

/** Unfinished writes first: a writer whose stage is gone can no longer commit. */
async function sweepStages({ context, count, signal }: Collection, { markAt, dryRun }: GarbageReport): Promise<void> {
  const olderThan = markAt.getTime() - context.settings.graceMs;
  for await (const { key, size = 0 } of context.backend.sweepUploads?.({ olderThan, dryRun, signal }) ?? []) {
    count({ what: "stage", key, size, why: "a write that never ended" });
  }
}

async function collectNames(collection: Collection, report: GarbageReport): Promise<void> {
  const { context, signal } = collection;
  const names = new Set<string>();
  for (const top of [OBJECTS, NAMES]) {
    for await (const entry of context.backend.list(top, { delimiter: "/", signal })) {
      if (isPrefix(entry)) names.add(entry.prefix.slice(top.length, -1));
    }
  }
  for (const name of names) {
    try {
      await collectName(collection, name);
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
      // What a damaged record refers to is not known: nothing of this name goes.
      report.failures.push({ key: error.key ?? name, message: error.message });
    }
  }
}

async function removeLeftovers({ context, isOld, remove, signal }: Collection): Promise<void> {
  let old: GarbageItem[] = [];
  for (const top of [UPLOADS, SCRATCH]) {
    for await (const entry of context.backend.list(top, { signal })) {
      if (isPrefix(entry) || !isOld(entry.modifiedAt)) continue;
      old.push({ what: "upload", key: entry.key, size: entry.size, why: "left behind" });
      if (old.length < LEFTOVERS_AT_ONCE) continue;
      await remove(old);
      old = [];
    }
  }
  await remove(old);
}

function createCollection(context: Context, report: GarbageReport, options: GarbageOptions): Collection {
  const { backend, settings } = context;
  const { signal, onItem } = options;
  const collection: Collection = {
    context,
    signal,
    isOld: (modifiedAt) => modifiedAt < report.markAt.getTime() - settings.graceMs,
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
        else report.failures.push({ key: item.key, message: failure.message });
      }
    },
    async replace(item, replacement) {
      signal?.throwIfAborted();
      try {
        if (!report.dryRun) await backend.put(item.key, replacement, { signal });
        collection.count(item);
      } catch (error) {
        if (!isRegistryError(error)) throw error;
        report.failures.push({ key: item.key, message: error.message });
      }
    },
    foundVoid(key) {
      report.voids.push(key);
    },
  };
  return collection;
}

function emptyReport(dryRun: boolean, mark: number): GarbageReport {
  const none = () => ({ count: 0, bytes: 0 });
  const removed = { stage: none(), generation: none(), scrubbed: none(), payload: none(), upload: none() };
  return { dryRun, markAt: new Date(mark), removed, bytes: 0, voids: [], failures: [] };
}
