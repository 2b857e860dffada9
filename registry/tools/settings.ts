// Reading and changing the settings of a registry.
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { checkRegistry, checkToolOptions } from "../../core/options/check_options.ts";
import { worded } from "../contract/verb_errors.ts";
import type { CurrentSettings, SettingsChange } from "../maintenance/change_settings.ts";

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
  checkRegistry("read the settings", registry);
  const tool = await import("../maintenance/change_settings.ts");
  return await worded({ verb: "read the settings" }, () => tool.readSettings(registry, options));
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
  checkToolOptions("change the settings", registry, change);
  const tool = await import("../maintenance/change_settings.ts");
  return await worded({ verb: "change the settings" }, () => tool.changeSettings(registry, change));
}
