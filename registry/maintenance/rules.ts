// Retention rules, a part of the settings: reading, changing, and pruning by them.
import { parseCondition } from "../../core/registry/conditions.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { RetentionRule } from "../../core/record.ts";
import {
  isRetention,
  type RetentionRules,
  ruleFor,
  ruleProblem,
  type RulesChange,
  rulesFor,
} from "../../core/registry/rules.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { asGeneration, readRecord, recordOfKind } from "../cell/heads.ts";
import { SETTINGS } from "../format/layout.ts";
import { checkWritable, contextOf } from "../operations/context.ts";
import { readSettingsRecord, writeSettings } from "./change_settings.ts";
import { prune } from "./prune.ts";
import type { PruneOptions, PruneReport } from "./prune_report.ts";

/** Yields the rules after each change, newest first. */
export async function* rulesHistory(
  registry: Registry,
  { signal }: SignalOptions = {},
): AsyncGenerator<RetentionRules> {
  const context = contextOf(registry, "read rules");
  let later: RetentionRules | undefined;
  for await (const entry of context.backend.list(SETTINGS, { signal })) {
    const listed = asGeneration(entry);
    const found = listed && await readRecord(context, listed, signal);
    if (found === undefined) continue;
    const record = recordOfKind(found, "settings");
    const { settings: { rules = [] }, generation: revision, createdAt } = record;
    // Equal ones were written with other settings.
    if (later !== undefined && JSON.stringify(rules) !== JSON.stringify(later.rules)) yield later;
    later = { rules, revision, changedAt: new Date(createdAt) };
  }
  if (later !== undefined) yield later;
}

export async function readRules(
  registry: Registry,
  { name, signal }: SignalOptions & { name?: string } = {},
): Promise<RetentionRules> {
  const context = contextOf(registry, "read rules");
  const record = await readSettingsRecord(context, signal);
  const { settings: { rules = [] }, generation: revision, createdAt } = record;
  context.rules = rules;
  const asked = name === undefined ? rules : rulesFor(rules, name);
  return { rules: asked, revision, changedAt: new Date(createdAt) };
}

export async function changeRules(
  registry: Registry,
  { set, remove, ifRevision, signal }: RulesChange,
): Promise<RetentionRules> {
  const context = contextOf(registry, "change rules");
  const action = "change rules";
  checkWritable(context, action);
  const problem = set && ruleProblem({ ...set });
  if (problem === undefined && set?.keepWhere !== undefined) parseCondition(set.keepWhere);
  if (problem !== undefined || (set === undefined) === (remove === undefined)) {
    const state = problem ?? "pass either `set` or `remove`";
    const hint = 'Pass { set: { pattern: "runs:*", keepLast: 30 } }, or { remove: "runs:*" }.';
    throw fault({ code: "Invalid", action, state, hint });
  }
  await writeSettings(context, action, ({ generation, settings: { rules = [] } }) => {
    if (ifRevision !== undefined && ifRevision !== generation) {
      const state = `their revision is ${generation}, not ${ifRevision}`;
      const hint = "Read them again, and decide whether your change still applies.";
      throw fault({ code: "Conflict", action, state, hint });
    }
    const pattern = remove ?? set!.pattern;
    const others = rules.filter((rule) => rule.pattern !== pattern);
    if (remove !== undefined && others.length === rules.length) {
      const hint = "List the rules: readRules(registry).";
      const hints = { cli: "List the rules: holdfast rules ls" };
      const state = "no rule has this pattern";
      throw fault({
        code: "NotFound",
        action: "remove rule",
        subject: shown(remove),
        state,
        hint,
        hints,
      });
    }
    return { rules: set === undefined ? others : [...others, set] };
  }, signal);
  return await readRules(registry, { signal });
}

/** Prunes each name by its rule. Names without a rule, and protected ones, keep all versions. */
export async function pruneByRules(
  registry: Registry,
  { names, ...options }: Pick<PruneOptions, "dryRun" | "names" | "onDeleted" | "signal"> = {},
): Promise<PruneReport> {
  const { signal, dryRun = false } = options;
  const { rules } = await readRules(registry, { signal });
  const byRule = new Map<RetentionRule, string[]>();
  for await (const name of names ?? registry.names({ signal })) {
    const rule = ruleFor(rules, name);
    if (rule === undefined || rule.protect || !isRetention(rule)) continue;
    const same = byRule.get(rule);
    if (same === undefined) byRule.set(rule, [name]);
    else same.push(name);
  }
  const report: PruneReport = { dryRun, deleted: [], kept: 0, failures: [] };
  for (const [{ pattern: _, protect: __, keepWhere, ...keep }, names] of byRule) {
    const { clock, deleted, kept, failures } = await prune(registry, {
      ...options,
      ...keep,
      ...keepWhere !== undefined && { keepWhere: parseCondition(keepWhere) },
      names,
    });
    if (clock !== undefined) report.clock = clock;
    for (const one of deleted) report.deleted.push(one);
    report.failures.push(...failures);
    report.kept += kept;
  }
  return report;
}
