// Maintenance of a registry. The entry point `./maintenance` exports all of it.
import type { Registry } from "../../mod.ts";
import { callFunction } from "../../registry/contract/call_function.ts";
import type { GarbageOptions, GarbageReport } from "./garbage/collection.ts";
import type { SpaceOptions, SpaceReport } from "./space/space.ts";
import type { VersionSpaceOptions, VersionSpaces } from "./space/version_space.ts";

export type { Shard } from "../../core/kernel.ts";

export type {
  GarbageItem,
  GarbageKind,
  GarbageOptions,
  GarbageReport,
  WaitingItem,
} from "./garbage/collection.ts";
export type {
  DaySpace,
  GarbageSpace,
  NameSpace,
  SpaceOptions,
  SpaceReport,
} from "./space/space.ts";
export type { VersionSpace, VersionSpaceOptions, VersionSpaces } from "./space/version_space.ts";
export type { RulesChange } from "../../core/registry/rules.ts";
export * from "./pruning/mod.ts";
export * from "./rules/rule_functions.ts";

/**
 * Removes garbage that is older than `graceMs` by the store's clock: replaced generations, payload
 * of deleted or failed saves, and unfinished uploads. Idempotency keys and stale lineage notes
 * are removed after 30 days or 30 grace periods, drafts 7 days or 7 grace periods after the last
 * addition, whichever is longer. Live data is never touched.
 *
 * @example
 * ```ts
 * import { collectGarbage } from "@holdfast/holdfast/maintenance";
 * import { createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const report = await collectGarbage(registry, { dryRun: true });
 * assertEquals(report.bytes, 0);
 * ```
 */
export async function collectGarbage(
  registry: Registry,
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  return await callFunction(registry, [options], {
    name: "collectGarbage",
    action: "collect garbage",
    options: { dryRun: {}, forget: {}, now: {}, all: {}, onItem: {}, onWaiting: {} },
    here: async () => (await import("./garbage/collect_garbage.ts")).collectGarbage,
  });
}

/**
 * Measures the space of a registry in total and by name, shared data, and garbage with its removal
 * dates. Reads the records of names that changed since the last measurement, and writes a table of
 * sizes for the next one, unless the registry is read only. Files with several hard links count once
 * per name.
 *
 * @throws {RegistryError} `Unsupported` unless `openRegistry` opened the registry here
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { measureSpace } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data", new Uint8Array(100_000));
 * const { names: [data], garbage } = await measureSpace(registry);
 * assertEquals([data?.versions, data?.size, garbage.bytes], [1, 100_000, 0]);
 * ```
 */
export async function measureSpace(
  registry: Registry,
  options: SpaceOptions = {},
): Promise<SpaceReport> {
  return await callFunction(registry, [options], {
    name: "measureSpace",
    action: "measure space",
    options: { all: {} },
    here: async () => (await import("./space/space.ts")).measureSpace,
  });
}

/**
 * Measures the versions of a name: the bytes that each stores alone, those that it shares, and the
 * bytes that deleting some of them would free. Writes nothing.
 *
 * @throws {RegistryError} `Unsupported` for a registry that `openRegistry` did not open, `Corrupt`
 * if a record of the name cannot be read
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { measureVersions } from "@holdfast/holdfast/maintenance";
 * import { assert } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data", new Uint8Array(100_000));
 * const { freedBytes } = await measureVersions(registry, "data", { deleting: ["1.0.0"] });
 * assert(freedBytes > 100_000); // also of its record
 * ```
 */
export async function measureVersions(
  registry: Registry,
  name: string,
  options: VersionSpaceOptions = {},
): Promise<VersionSpaces> {
  return await callFunction(registry, [name, options], {
    name: "measureVersions",
    action: "measure versions of",
    options: { deleting: {} },
    here: async () => (await import("./space/version_space.ts")).measureVersions,
  });
}
