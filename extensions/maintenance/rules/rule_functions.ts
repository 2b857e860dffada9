// Retention rules that the registry keeps.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { checkOptions } from "../../../core/kernel.ts";
import type { RetentionRules } from "../../../registry/tools/settings.ts";
import { callFunction, listByFunction } from "../../../registry/contract/call_function.ts";
import { RULE, type RulesChange } from "../../../core/registry/rules.ts";

/** Yields the retention rules after each change, newest first. */
export async function* readRulesHistory(
  registry: Registry,
  options: SignalOptions = {},
): AsyncGenerator<RetentionRules> {
  yield* listByFunction(registry, [options], {
    name: "readRulesHistory",
    action: "read the rules",
    options: {},
    service: (service, ...args) => service.rulesHistory?.(...args),
    here: async () => (await import("./change_rules.ts")).readRulesHistory,
  });
}

/**
 * Sets or removes the retention rule of a pattern. If several rules match a name, their protections
 * add up. For space, only the one whose pattern has the most characters other than `*` applies: if
 * it does not choose versions, all stay. `prune` and mirrors read the rules each time; other operations of a program that
 * has the registry open follow a new `protect` within ten seconds.
 *
 * @throws {RegistryError} `Conflict` for another revision than `ifRevision`, or for a rule that takes
 * something from the present one without `replace`; `NotFound` for a pattern without a rule
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { changeRules, pruneByRules } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * for (const value of [1, 2, 3]) await registry.save("runs:a", value);
 * await changeRules(registry, { set: { pattern: "runs:*", keepLast: 1 } });
 * assertEquals((await pruneByRules(registry)).deleted.length, 2);
 * ```
 */
export async function changeRules(
  registry: Registry,
  change: RulesChange,
): Promise<RetentionRules> {
  if (change?.set !== undefined) checkOptions("set a rule", change.set, RULE);
  return await callFunction(registry, [change ?? {}], {
    name: "changeRules",
    action: "change the rules",
    options: { set: {}, replace: {}, remove: {}, ifRevision: {} },
    service: (service, ...args) => service.changeRules?.(...args),
    here: async () => (await import("./change_rules.ts")).changeRules,
  });
}
