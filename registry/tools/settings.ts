// The settings of a registry after its creation. Each function loads what it is made of when it is
// called.
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { checkRegistry, checkToolOptions } from "../../core/options/check_options.ts";
import { worded } from "../contract/verb_errors.ts";
import type { CurrentSettings, SettingsChange } from "../maintenance/change_settings.ts";

/**
 * The settings of a registry as they are now; `registry.settings` are those of its creation. Nothing is written.
 *
 * @throws {RegistryError} `Unsupported` for a registry that `openRegistry` did not open, such as a client of a service
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
 * Changes the grace: how long what is replaced or deleted stays readable, and what was never committed stays. A longer
 * one counts at once, for all that was not old enough to go before; a shorter one once the longer one has passed. It is
 * never shorter than `leastGraceMs`, for whoever has the registry open relies on that: an hour unless another one was
 * given at creation.
 *
 * @throws {RegistryError} `Invalid` for a grace below `leastGraceMs`, or of more than a year
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
  checkToolOptions("change the settings", registry, change, undefined, ["graceMs"]);
  const tool = await import("../maintenance/change_settings.ts");
  return await worded({ verb: "change the settings" }, () => tool.changeSettings(registry, change));
}
