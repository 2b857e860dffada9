// The garbage collector: removes data that nothing refers to. Any number may run at the same time,
// beside readers and writers.
import { isPrefix } from "../../../backends/mod.ts";
import type { Registry } from "../../../mod.ts";
import { encodeName, forEachAtOnce } from "../../../core/kernel.ts";
import { LAYOUT, PackedMap, type Records, recordsOf } from "../../../registry/records.ts";
import { Collection, newReport, takeMark } from "./collection.ts";
import type { GarbageOptions, GarbageReport } from "./collection.ts";
import { collectDrafts } from "./drafts.ts";
import { removeLeftovers, removeNotes } from "./leftovers.ts";
import { QuietNames } from "./quiet_names.ts";
import { checkNobodyUploads, collectName } from "./garbage_of_name.ts";

/** Implements `collectGarbage` of `extensions/maintenance/mod.ts`. */
export async function collectGarbage(
  registry: Registry,
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  const context = recordsOf(registry, "collect garbage");
  context.checkWritable("collect garbage");
  const { dryRun = false, signal } = options;
  const { mark, key } = await takeMark(context, "collect garbage", signal);
  try {
    const report = await newReport(context, { dryRun, mark, signal });
    const notes = { areWritten: !dryRun && await hasSpace(context, options) };
    const collection = new Collection(context, { report, markKey: key, notes, ...options });
    for (const [what, step] of STEPS) {
      context.logger.debug(`collect garbage: ${what}`);
      await step(collection, report);
    }
    return report;
  } finally {
    await context.backend.delete(key);
    if (!dryRun) await context.backend.reserve?.();
  }
}

/**
 * Returns false if the store has no space left but that for deletions. Then the notes of earlier
 * runs go too, which are made again by one run; those of `verify` take a month.
 */
async function hasSpace({ backend, logger }: Records, { signal }: GarbageOptions) {
  if (await backend.reserve?.({ signal }) ?? true) return true;
  logger.warn("collect garbage: the store is full: notes are removed, so the next run reads more");
  for await (const entry of backend.list(LAYOUT.GARBAGE_NOTES, { signal })) {
    if (isPrefix(entry) || entry.key.startsWith(LAYOUT.READINGS)) continue;
    await backend.delete(entry.key, { signal });
  }
  return false;
}

const STEPS = [
  ["unfinished writes", sweepStages],
  ["lineage notes", removeNotes], // before their records go, as in a dry run
  ["names", collectNames],
  ["leftovers of uploads, probes and collections", removeLeftovers],
] as const;

/** Removes unfinished writes, before all else: their writers can no longer commit. */
export async function sweepStages(collection: Collection, report: GarbageReport): Promise<void> {
  const { context: { backend }, graceMs, signal } = collection;
  const olderThan = report.markAt.getTime() - graceMs;
  const why = "unfinished write";
  for await (
    const { key, size = 0 }
      of backend.sweepUploads?.({ olderThan, dryRun: report.dryRun, signal }) ?? []
  ) {
    collection.count({ what: "stage", key, size, why });
  }
  for await (
    const young of backend.sweepUploads?.({ olderThan: Infinity, dryRun: true, signal }) ?? []
  ) {
    const { key, size = 0, startedAt } = young;
    if (startedAt >= olderThan) {
      collection.waits([{ what: "stage", key, size, why }], startedAt + graceMs);
    }
  }
}

async function collectNames(collection: Collection, report: GarbageReport): Promise<void> {
  const { context, signal } = collection;
  collection.drafts = await collectDrafts(collection);
  const quiet = await QuietNames.read(collection);
  const wanted = await namesToLookAt(collection, quiet);
  report.skipped = collection.names.size - wanted.size;
  const waiting = new Set<string>();
  if (collection.graceMs <= 0) await forEachName((name) => checkNobodyUploads(collection, name));
  await forEachName(async (name) => {
    const { view, outlook } = collection.ofName();
    await collectName(view, name);
    await quiet.add(name, outlook);
  });
  await quiet.save(wanted);

  async function forEachName(action: (name: string) => Promise<void>): Promise<void> {
    await forEachAtOnce(wanted, async ([name]) => {
      if (waiting.has(name)) return;
      try {
        await action(name);
      } catch (error) {
        // Unreadable data may refer to anything of its name: keep all of it.
        const failure = await context.asPartial(error, signal);
        collection.fail(failure.key ?? name, failure);
        waiting.add(name);
      }
    });
  }
}

/**
 * Finds all names, and returns those that this run inspects: all that are not known to be quiet,
 * and those without a record. A name whose records cannot be listed as a whole is one of them.
 */
async function namesToLookAt(collection: Collection, quiet: QuietNames): Promise<PackedMap> {
  const { context, signal, names } = collection;
  const wanted = new PackedMap();
  const inspect = (name: string) => {
    names.set(name, true);
    wanted.set(name, true);
  };
  for (const name of collection.drafts.names) inspect(name);
  const tops = [LAYOUT.OBJECTS];
  const onFailure = (_: unknown, name: string | undefined) => {
    if (name === undefined) tops.push(LAYOUT.NAMES);
    else inspect(name);
  };
  for await (const listed of context.pass({ signal, onFailure })) {
    if (quiet.skips(listed)) names.set(listed.name, true);
    else inspect(listed.name);
  }
  for (const top of tops) {
    for await (const decoded of context.names(top, { signal })) {
      const name = encodeName(decoded);
      if (!names.has(name)) inspect(name);
    }
  }
  return wanted;
}
