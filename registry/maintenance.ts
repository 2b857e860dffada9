/**
 * Maintenance of a registry: collect garbage, prune old versions, verify, mirror, measure space,
 * probe a store and change settings.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { prune, verifyRegistry } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * for (const value of [1, 2, 3]) await registry.save("my:model", value);
 * const { deleted } = await prune(registry, { keepLast: 1 });
 * assertEquals(deleted.length, 2);
 * assertEquals((await verifyRegistry(registry)).ok, true);
 * ```
 *
 * @module
 */
export type { CacheReport, ClearCacheOptions, InspectCacheOptions } from "./cache/entries.ts";
export type { CurrentSettings, SettingsChange } from "./maintenance/change_settings.ts";
export type {
  GarbageItem,
  GarbageKind,
  GarbageOptions,
  GarbageReport,
  WaitingItem,
} from "./maintenance/collection.ts";
export type { MirrorOptions } from "./maintenance/mirror/mirror.ts";
export type {
  MirrorAction,
  MirrorFailure,
  MirrorItem,
  MirrorProgress,
  MirrorReport,
} from "./maintenance/mirror/report.ts";
export type { ProbeCertificate, ProbeOptions, ProbeStep } from "./maintenance/probe/probe.ts";
export type { PruneFailure, PruneOptions, PruneReport } from "./maintenance/prune_report.ts";
export type { DaySpace, GarbageSpace, NameSpace, SpaceReport } from "./maintenance/space.ts";
export type {
  VerifyLineage,
  VerifyOptions,
  VerifyProblem,
  VerifyReport,
  VerifyUnseen,
} from "./maintenance/verify_report.ts";
export type {
  VersionSpace,
  VersionSpaceOptions,
  VersionSpaces,
} from "./maintenance/version_space.ts";
export type { RebuildOptions, RebuildReport } from "./operations/lineage/rebuild.ts";
export {
  collectGarbage,
  mirrorRegistry,
  probeBackend,
  prune,
  spaceOf,
  spaceOfVersions,
  verifyRegistry,
} from "./tools.ts";
export { rebuildLineage } from "./tools/history.ts";
export type { RetentionRule } from "../core/record.ts";
export type { RetentionRules, RulesChange } from "../core/registry/rules.ts";
export { changeRules, pruneByRules, readRules, rulesHistory } from "./tools/rules.ts";
export { changeSettings, readSettings } from "./tools/settings.ts";
