// Retention rules that the registry keeps.
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { SIGNAL } from "../../core/registry/operations/row.ts";
import { checkOptions, checkRegistry, checkToolOptions } from "../../core/options/check_options.ts";
import type { OptionNames } from "../../core/options/check_options.ts";
import type { RetentionRule } from "../../core/record.ts";
import { worded } from "../../core/calls/verb_errors.ts";
import type { PruneOptions, PruneReport } from "../maintenance/prune_report.ts";
import type { RetentionRules, RulesChange } from "../../core/registry/rules.ts";

const RULE: OptionNames<RetentionRule> = {
  pattern: true,
  keepLast: true,
  keepDaily: true,
  keepWeekly: true,
  keepMonthly: true,
  olderThanMs: true,
  keepWhere: true,
  protect: true,
  protectAliases: true,
};

/**
 * Returns the retention rules of a registry; with `name`, those that match it: the first applies.
 *
 * @throws {RegistryError} `Unsupported` for a registry without a store or service
 */
export async function readRules(
  registry: Registry,
  options: SignalOptions & { name?: string } = {},
): Promise<RetentionRules> {
  checkRegistry("read rules", registry);
  checkOptions("read rules", options, { name: true, signal: true });
  const { service } = registry;
  if (service?.rules !== undefined) return await service.rules(options);
  const tool = await import("../maintenance/rules.ts");
  return await worded({ verb: "read the rules" }, () => tool.readRules(registry, options));
}

/** Yields the retention rules after each change, newest first. */
export async function* readRulesHistory(
  registry: Registry,
  options: SignalOptions = {},
): AsyncGenerator<RetentionRules> {
  checkRegistry("read rules", registry);
  checkOptions("read rules", options, SIGNAL);
  const { service } = registry;
  if (service?.rulesHistory !== undefined) return yield* service.rulesHistory(options);
  const tool = await import("../maintenance/rules.ts");
  yield* tool.readRulesHistory(registry, options);
}

/**
 * Sets or removes the retention rule of a pattern. If several rules match a name, only the one
 * whose pattern has the most characters other than `*` applies. `prune` and mirrors read the
 * rules each time; other operations of a program that has the registry open follow a new `protect`
 * within ten seconds.
 *
 * @throws {RegistryError} `Conflict` for another revision than `ifRevision`, `NotFound` for a
 * pattern without a rule
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
  const known = { set: true, remove: true, ifRevision: true, signal: true } as const;
  const checkedOptions = checkToolOptions("change rules", registry, change, known);
  if (checkedOptions?.set !== undefined) checkOptions("set a rule", checkedOptions.set, RULE);
  const { service } = registry;
  if (service?.changeRules !== undefined) return await service.changeRules(checkedOptions ?? {});
  const tool = await import("../maintenance/rules.ts");
  return await worded(
    { verb: "change the rules" },
    () => tool.changeRules(registry, checkedOptions ?? {}),
  );
}

/** Prunes every name by its rule. Names without a rule, and protected ones, keep all versions. */
export async function pruneByRules(
  registry: Registry,
  options: Pick<PruneOptions, "confirm" | "dryRun" | "names" | "onDeleted" | "signal"> = {},
): Promise<PruneReport> {
  const known = {
    confirm: true,
    dryRun: true,
    names: true,
    onDeleted: true,
    signal: true,
  } as const;
  const checkedOptions = checkToolOptions("prune by rules", registry, options, known);
  const tool = await import("../maintenance/prune.ts");
  return await worded({ verb: "prune" }, () => tool.pruneByRules(registry, checkedOptions));
}
