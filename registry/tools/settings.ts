// The settings that a registry keeps, and its retention rules.
import type { RetentionRules } from "../../core/registry/rules.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { callFunction } from "../contract/call_function.ts";
import type { CurrentSettings, SettingsChange } from "../operations/stored_settings.ts";

export type { CurrentSettings, SettingsChange };
export type { RetentionRule } from "../../core/record.ts";
export type { RetentionRules } from "../../core/registry/rules.ts";

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
    options: {},
    here: async () => (await import("../operations/stored_settings.ts")).readSettings,
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
    options: { graceMs: {}, share: {} },
    here: async () => (await import("../operations/stored_settings.ts")).changeSettings,
  });
}

/**
 * Returns the retention rules of a registry; with `name`, those that match it.
 *
 * @throws {RegistryError} `Unsupported` for a registry without a store or service
 */
export async function readRules(
  registry: Registry,
  options: SignalOptions & { name?: string } = {},
): Promise<RetentionRules> {
  return await callFunction(registry, [options], {
    name: "readRules",
    action: "read the rules",
    options: { name: {} },
    service: (service, ...args) => service.rules?.(...args),
    here: async () => (await import("../operations/stored_settings.ts")).readRules,
  });
}
