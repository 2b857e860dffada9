// Maintenance of a registry. The entry point `./maintenance` exports all of it.
import type { Backend } from "../core/backend.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { SIGNAL } from "../core/registry/operations/row.ts";
import type { Registry, SignalOptions } from "../core/registry.ts";
import { callFunction } from "./contract/call_function.ts";
import type { CurrentSettings, SettingsChange } from "./maintenance/change_settings.ts";
import type { GarbageOptions, GarbageReport } from "./maintenance/collection.ts";
import type { ProbeCertificate, ProbeOptions } from "./maintenance/probe/probe.ts";
import type { SpaceOptions, SpaceReport } from "./maintenance/space.ts";
import type { VersionSpaceOptions, VersionSpaces } from "./maintenance/version_space.ts";

export type { Shard } from "../core/work/shards.ts";

export type { CurrentSettings, SettingsChange };
export type {
  GarbageItem,
  GarbageKind,
  GarbageOptions,
  GarbageReport,
  WaitingItem,
} from "./maintenance/collection.ts";
export type { ProbeCertificate, ProbeOptions, ProbeStep } from "./maintenance/probe/probe.ts";
export type {
  DaySpace,
  GarbageSpace,
  NameSpace,
  SpaceOptions,
  SpaceReport,
} from "./maintenance/space.ts";
export type {
  VersionSpace,
  VersionSpaceOptions,
  VersionSpaces,
} from "./maintenance/version_space.ts";
export type { RetentionRule } from "../core/record.ts";
export type { RetentionRules, RulesChange } from "../core/registry/rules.ts";
export * from "./tools/rules.ts";

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
    options: { dryRun: {}, forget: {}, now: {}, all: {}, onItem: {}, onWaiting: {}, ...SIGNAL },
    here: async () => (await import("./maintenance/collect_garbage.ts")).collectGarbage,
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
    options: { all: {}, ...SIGNAL },
    here: async () => (await import("./maintenance/space.ts")).measureSpace,
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
    options: { deleting: {}, ...SIGNAL },
    here: async () => (await import("./maintenance/version_space.ts")).measureVersions,
  });
}

/**
 * Tests by some 300 requests whether a store does what a registry needs: races of creates with
 * exactly one winner, reads and lists that see the last write, order, ranges, keys, clock. Writes
 * below `scratch/` only, and removes that again. Rare failures can stay unnoticed.
 *
 * @throws {RegistryError} if the store is not reachable: `Unavailable`, `Denied`, `NotFound`
 *
 * @example
 * ```ts
 * import { createMemoryBackend } from "@holdfast/holdfast";
 * import { probeBackend } from "@holdfast/holdfast/maintenance";
 * import { assert } from "@std/assert";
 *
 * const certificate = await probeBackend(createMemoryBackend());
 * assert(certificate.ok);
 * ```
 */
export async function probeBackend(
  backend: Backend,
  options: ProbeOptions = {},
): Promise<ProbeCertificate> {
  const known: OptionNames<ProbeOptions> = {
    maxClockOffsetMs: {},
    onStep: {},
    system: {},
    ...SIGNAL,
  };
  const checkedOptions = checkOptions("probe the store", options, known);
  const tool = await import("./maintenance/probe/probe.ts");
  return await tool.probeBackend(backend, checkedOptions);
}

/**
 * Returns the current settings of a registry; `registry.settings` are those of its creation.
 *
 * @throws {RegistryError} `Unsupported` unless `openRegistry` opened the registry here
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { readSettings } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const { graceMs, versioned } = await readSettings(registry);
 * assertEquals([graceMs, versioned], [24 * 3_600_000, true]);
 * ```
 */
export async function readSettings(
  registry: Registry,
  options: SignalOptions = {},
): Promise<CurrentSettings> {
  return await callFunction(registry, [options], {
    name: "readSettings",
    action: "read the settings",
    options: SIGNAL,
    here: async () => (await import("./maintenance/change_settings.ts")).readSettings,
  });
}

/**
 * Changes the grace period: how long replaced, deleted and uncommitted data is kept. A longer one
 * applies at once, a shorter one after the longer one has passed. `leastGraceMs` is its minimum.
 * Also changes the default of the option `share` of `save`, for registries that are opened later.
 *
 * @throws {RegistryError} `Invalid` for a grace period below `leastGraceMs` or over a year
 *
 * @example
 * ```ts
 * import { changeSettings } from "@holdfast/holdfast/maintenance";
 * import { openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const week = 7 * 24 * 3_600_000;
 * const { graceMs } = await changeSettings(registry, { graceMs: week });
 * assertEquals(graceMs, week);
 * ```
 */
export async function changeSettings(
  registry: Registry,
  change: SettingsChange,
): Promise<CurrentSettings> {
  return await callFunction(registry, [change], {
    name: "changeSettings",
    action: "change the settings",
    options: { graceMs: {}, share: {}, ...SIGNAL },
    here: async () => (await import("./maintenance/change_settings.ts")).changeSettings,
  });
}
