// Deletion of old versions, by count, age and the rules of a registry. The entry point `./maintenance` exports all of it.
import type { Registry } from "../../../mod.ts";
import { RETENTION } from "../../../core/registry/rules.ts";
import { callFunction } from "../../../registry/contract/call_function.ts";
import type { PruneOptions, PruneReport } from "./report.ts";

export type { PruneOptions, PruneReport };

/**
 * Deletes old versions, oldest first. `collectGarbage` frees their bytes once `graceMs` has passed.
 *
 * Chooses the versions of all names first: a release keeps its members even if it is deleted too.
 * Unreadable versions stay, and `keepLast` does not count them. It reads only versions that the
 * listing of records does not keep, by number or age. It checks again between deletions: if another
 * program deletes a version that was to be kept, it keeps the next one. Protected names stay.
 *
 * A registry that `openRegistry` did not open is pruned through its methods, by this machine's clock.
 *
 * @throws {RegistryError} `Unavailable` for `olderThanMs` if this machine's clock and the store's
 * differ by more than `graceMs / 4`
 *
 * @example
 * ```ts
 * import { createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { prune } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * for (let epoch = 1; epoch <= 5; epoch++) await registry.save("model", { epoch });
 * const report = await prune(registry, { keepLast: 2 });
 * assertEquals(report.deleted.map(({ version }) => version), ["3.0.0", "2.0.0", "1.0.0"]);
 * ```
 */
export async function prune(registry: Registry, options: PruneOptions): Promise<PruneReport> {
  return await callFunction(registry, [options ?? {}], {
    name: "prune",
    action: "prune",
    options: {
      ...RETENTION,
      keepAliased: {},
      confirm: {},
      onDeleted: {},
      names: {},
      dryRun: {},
    },
    here: async () => (await import("./prune.ts")).prune,
  });
}

/** Prunes every name by its rule. Names without a rule, and protected ones, keep all versions. */
export async function pruneByRules(
  registry: Registry,
  options: Pick<PruneOptions, "confirm" | "dryRun" | "names" | "onDeleted" | "signal"> = {},
): Promise<PruneReport> {
  return await callFunction(registry, [options], {
    name: "pruneByRules",
    action: "prune by rules",
    options: { confirm: {}, dryRun: {}, names: {}, onDeleted: {} },
    here: async () => (await import("./prune.ts")).pruneByRules,
  });
}
