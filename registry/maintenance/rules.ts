// Retention rules, a part of the settings: reading, changing, and pruning by them.
import { authorOf } from "../../core/naming/author.ts";
import { parseCondition } from "../../core/registry/conditions.ts";
import { fault, notFound, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { RetentionRule, SettingsRecord } from "../../core/record.ts";
import { combined, givenUp } from "./rule_changes.ts";
import { hasConditions } from "../../core/registry/conditions/promotion.ts";
import { isUnknownRule, ruleFor } from "../../core/registry/rules.ts";
import { ruleProblem, rulesFor } from "../../core/registry/rules.ts";
import type { RetentionRules, RulesChange } from "../../core/registry/rules.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { asGeneration, readRecord, recordOfKind } from "../cell/heads.ts";
import { SETTINGS } from "../format/layout.ts";
import { checkWritable, contextOf, knownContext } from "../operations/context.ts";
import { noConditions } from "../operations/protection.ts";
import { readSettingsRecord, writeSettings } from "./change_settings.ts";

/** Yields the rules after each change, newest first. */
export async function* readRulesHistory(
  registry: Registry,
  { signal }: SignalOptions = {},
): AsyncGenerator<RetentionRules> {
  const context = contextOf(registry, "read rules");
  let later: RetentionRules | undefined;
  for await (const entry of context.backend.list(SETTINGS, { signal })) {
    const listed = asGeneration(entry);
    const object = listed && await readRecord(context, listed, signal);
    if (object === undefined) continue;
    const record = recordOfKind(object, "settings");
    const present = rulesIn(record);
    const isSame = JSON.stringify(present.rules) === JSON.stringify(later?.rules);
    if (later !== undefined && !isSame) yield later; // equal ones were written with other settings
    later = present;
  }
  if (later !== undefined) yield later;
}

export async function readRules(
  registry: Registry,
  { name, signal }: SignalOptions & { name?: string } = {},
): Promise<RetentionRules> {
  const context = contextOf(registry, "read rules");
  const record = await readSettingsRecord(context, signal);
  const present = rulesIn(record);
  context.rules = present.rules;
  context.rulesReadAtMs = context.system.monotonic();
  return name === undefined ? present : { ...present, rules: rulesFor(present.rules, name) };
}

function rulesIn(record: SettingsRecord): RetentionRules {
  const { settings: { rules = [] }, generation, createdAt } = record;
  const by = authorOf(record);
  return { rules, revision: generation, changedAt: new Date(createdAt), ...(by && { by }) };
}

/** Returns a function that finds the rule of a name. It reads the rules of a store once. */
export function createRuleReader(
  registry: Registry,
  signal?: AbortSignal,
): (name: string) => Promise<RetentionRule | undefined> {
  const isStored = knownContext(registry) !== undefined;
  let stored: Promise<RetentionRules> | undefined;
  const read = async () => {
    try {
      return await readRules(registry, { signal });
    } catch (error) {
      stored = undefined;
      throw error;
    }
  };
  return async (name) => {
    const rules = isStored
      ? await (stored ??= read())
      : await registry.service?.rules?.({ name, signal });
    return ruleFor(rules?.rules ?? [], name);
  };
}

export async function changeRules(
  registry: Registry,
  { set, remove, replace = false, ifRevision, signal }: RulesChange,
): Promise<RetentionRules> {
  const context = contextOf(registry, "change rules");
  const action = "change rules";
  checkWritable(context, action);
  const problem = set && ruleProblem({ ...set });
  if (problem === undefined && set?.keepWhere !== undefined) {
    parseCondition(set.keepWhere, { isRule: true });
  }
  if (problem !== undefined || (set === undefined) === (remove === undefined)) {
    const state = problem ?? "pass either `set` or `remove`";
    const hint = 'Pass { set: { pattern: "runs:*", keepLast: 30 } }, or { remove: "runs:*" }.';
    throw fault({ code: "Invalid", action, state, hint, reason: { kind: "rule_incomplete" } });
  }
  if (set?.promote !== undefined && !hasConditions()) {
    throw noConditions("set rule for", shown(set.pattern), set.pattern);
  }
  let gaveUp: readonly string[] = [];
  await writeSettings(context, action, ({ generation, settings: { rules = [] } }) => {
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
      const reason = { kind: "rule_missing" } as const;
      const state = "no rule has this pattern";
      throw notFound("remove rule", shown(remove), state, { hint, reason });
    }
    if (set === undefined) return { rules: others };
    const next = present === undefined || replace ? set : combined(present, set);
    gaveUp = present === undefined ? [] : givenUp(present, next);
    if (gaveUp.length > 0 && !replace) {
      const state = `the rule for ${shown(pattern)} has ${gaveUp.join(", ")}, which would be lost`;
      const hint = "Set them too, or pass replace: true.";
      throw fault({ code: "Conflict", action, state, hint, reason: { kind: "rule_gives_up" } });
    }
    return { rules: [...others, next] };
  }, signal);
  return { ...await readRules(registry, { signal }), ...(gaveUp.length > 0 && { gaveUp }) };
}
