// Retention rules, a part of the settings: their changes and their history.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { fault, notFound, parseCondition, shown, unsupported } from "../../../core/kernel.ts";
import { maintenanceReasons } from "../reasons.ts";
import { combined, givenUp } from "./rule_changes.ts";
import { isUnknownRule, ruleProblem } from "../../../core/registry/rules.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import type { RetentionRules } from "../../../registry/tools/settings.ts";
import type { RulesChange } from "../../../core/registry/rules.ts";
import {
  checkHasConditions,
  LAYOUT,
  recordOfKind,
  recordsOf,
  rulesIn,
} from "../../../registry/records.ts";

/** Yields the rules after each change, newest first. */
export async function* readRulesHistory(
  registry: Registry,
  { signal }: SignalOptions = {},
): AsyncGenerator<RetentionRules> {
  const context = recordsOf(registry, "read rules");
  let later: RetentionRules | undefined;
  for await (const object of context.history(LAYOUT.SETTINGS, { signal })) {
    const record = recordOfKind(object, "settings");
    const present = rulesIn(record);
    const isSame = JSON.stringify(present.rules) === JSON.stringify(later?.rules);
    if (later !== undefined && !isSame) yield later; // equal ones were written with other settings
    later = present;
  }
  if (later !== undefined) yield later;
}

export async function changeRules(
  registry: Registry,
  { set: asked, remove, replace = false, ifRevision, signal }: RulesChange,
): Promise<RetentionRules> {
  const context = recordsOf(registry, "change rules");
  const action = "change rules";
  context.checkWritable(action);
  const problem = asked && ruleProblem({ ...asked });
  const keepWhere = problem === undefined && asked?.keepWhere !== undefined
    ? parseCondition(asked.keepWhere, { isRule: true }).stored
    : undefined;
  const set = keepWhere === undefined ? asked : { ...asked!, keepWhere };
  if (problem !== undefined || (set === undefined) === (remove === undefined)) {
    const state = problem ?? "pass either `set` or `remove`";
    const hint = 'Pass { set: { pattern: "runs:*", keepLast: 30 } }, or { remove: "runs:*" }.';
    throw fault({
      code: "Invalid",
      action,
      state,
      hint,
      reason: maintenanceReasons.of("rule_incomplete"),
    });
  }
  if (set?.promote !== undefined) {
    checkHasConditions("set rule for", shown(set.pattern), set.pattern);
  }
  let gaveUp: readonly string[] = [];
  await context.writeSettings(action, ({ generation, settings: { rules = [] } }) => {
    if (ifRevision !== undefined && ifRevision !== generation) {
      const state = `their revision is ${generation}, not ${ifRevision}`;
      const hint = "Read them again, and decide whether your change still applies.";
      throw fault({ code: "Conflict", action, state, hint });
    }
    const pattern = remove ?? set!.pattern;
    const present = rules.find((rule) => rule.pattern === pattern);
    if (set !== undefined && present !== undefined && isUnknownRule(present)) {
      const state = "this release does not understand its present rule";
      const hint = "Upgrade Holdfast, or remove the rule first.";
      throw unsupported("set rule for", shown(pattern), state, { hint });
    }
    const others = rules.filter((rule) => rule.pattern !== pattern);
    if (remove !== undefined && others.length === rules.length) {
      const hint = "List the rules: readRules(registry).";
      const reason = maintenanceReasons.of("rule_missing");
      const state = "no rule has this pattern";
      throw notFound("remove rule", shown(remove), state, { hint, reason });
    }
    if (set === undefined) return { rules: others };
    const next = present === undefined || replace ? set : combined(present, set);
    gaveUp = present === undefined ? [] : givenUp(present, next);
    if (gaveUp.length > 0 && !replace) {
      const state = `the rule for ${shown(pattern)} has ${gaveUp.join(", ")}, which would be lost`;
      const hint = "Set them to the same values, or pass replace: true.";
      throw fault({
        code: "Conflict",
        action,
        state,
        hint,
        reason: maintenanceReasons.of("rule_gives_up"),
      });
    }
    return { rules: [...others, next] };
  }, signal);
  return { ...await readRules(registry, { signal }), ...(gaveUp.length > 0 && { gaveUp }) };
}
