/**
 * Retention: deleting old versions by rule.
 *
 * @module
 */
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { listAliases } from "../aliases.ts";
import { checkWritable, contextOf } from "../context.ts";
import type { Context } from "../context.ts";
import { versionHeads } from "../cell/heads.ts";
import type { VersionHead } from "../cell/heads.ts";
import { deleteRef } from "../delete.ts";
import { checkKnown, listNames } from "../listing.ts";
import { forEachAtOnce } from "../at_once.ts";

/** Options of {@linkcode prune}. A version goes when every rule that is given lets it go. */
export interface PruneOptions extends SignalOptions {
  /** Keep so many of the newest versions of each name. */
  keepLast?: number;
  /** Keep what the store received within so many milliseconds. */
  olderThanMs?: number;
  /** Keep what an alias names. @default true */
  keepAliased?: boolean;
  /** Only these names. @default all */
  names?: Iterable<string>;
  /** Only say what would go. @default false */
  dryRun?: boolean;
}

/** What {@linkcode prune} did. */
export interface PruneReport {
  /** True when nothing was deleted. */
  dryRun: boolean;
  /** What was deleted, or would be. */
  deleted: { name: string; version: string }[];
  /** How many versions stay. */
  kept: number;
}

/**
 * Deletes old versions. Their bytes are freed by `collectGarbage`, once `graceMs` has passed.
 *
 * @example
 * ```ts
 * import { createMemoryBackend, openRegistry, prune } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * for (let epoch = 1; epoch <= 5; epoch++) await registry.save("model", { epoch });
 * const report = await prune(registry, { keepLast: 2 });
 * assertEquals(report.deleted.map(({ version }) => version), ["3.0.0", "2.0.0", "1.0.0"]);
 * ```
 */
export async function prune(registry: Registry, options: PruneOptions): Promise<PruneReport> {
  const context = contextOf(registry);
  const { keepLast, olderThanMs, keepAliased = true, dryRun = false, signal } = options;
  checkOptions(options);
  if (!dryRun) checkWritable(context, "prune");
  const before = olderThanMs === undefined ? Infinity : storeNow(context) - olderThanMs;
  const report: PruneReport = { dryRun, deleted: [], kept: 0 };
  for await (const name of options.names ?? listNames(context, { signal })) {
    const aliased = keepAliased ? new Set(Object.values(await listAliases(context, name, { signal }))) : new Set();
    if (options.names !== undefined) await checkKnown(context, name, signal);
    const going: VersionHead[] = [];
    let place = 0;
    for await (const found of versionHeads(context, name, { signal })) {
      const keep = place++ < (keepLast ?? 0) || found.head.modifiedAt >= before || aliased.has(found.version.canonical);
      if (keep) report.kept++;
      else going.push(found);
    }
    const gone = new Set(going);
    await forEachAtOnce(going, async (found) => {
      const ref = `${name}@${found.version.canonical}`;
      try {
        if (!dryRun && !await deleteRef(context, ref, { force: !keepAliased, signal })) gone.delete(found);
      } catch (error) {
        if (!isRegistryError(error, "Conflict")) throw error;
        gone.delete(found);
        report.kept++; // an alias names it since a moment ago
      }
    });
    for (const { version } of gone) report.deleted.push({ name, version: version.canonical });
  }
  return report;
}

/** What the store's clock shows, as far as it is known. */
function storeNow(context: Context): number {
  return context.system.now() + (context.clockOffset?.ms ?? 0);
}

function checkOptions({ keepLast, olderThanMs }: PruneOptions): void {
  const bad = [keepLast, olderThanMs].some((value = 0) => !(Number.isFinite(value) && value >= 0)) ||
    (keepLast ?? 0) % 1 !== 0;
  if (!bad && (keepLast !== undefined || olderThanMs !== undefined)) return;
  throw new RegistryError({
    code: "Invalid",
    message: bad
      ? "Cannot prune: keepLast is not a whole number from 0, or olderThanMs no number from 0"
      : "Cannot prune: no rule is given",
    hint: "Give keepLast, olderThanMs, or both: a version goes when each of them lets it go.",
  });
}
