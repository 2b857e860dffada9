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
export { copyVersion, type CopyVersionOptions } from "./copy_version.ts";
export * from "../extensions/maintenance/mod.ts";
export * from "../extensions/mirrors/mod.ts";
export * from "../extensions/verification/mod.ts";
export * from "../registry/tools/probe_backend.ts";
export * from "../registry/tools/settings.ts";
