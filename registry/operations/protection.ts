// Protection of names and aliases by the rules of the registry.
import { conflict, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { RetentionRule } from "../../core/record.ts";
import { hasConditions, unknownCondition } from "../../core/registry/conditions/promotion.ts";
import { isUnknownRule, ruleFor, rulesOfAlias } from "../../core/registry/rules.ts";
import { readHead, readRecord, recordOfKind } from "../cell/heads.ts";
import { SETTINGS } from "../format/layout.ts";
import type { Context } from "./context.ts";

/** Milliseconds after which a change reads the rules again: services are open for months. */
const RULES_FOR_MS = 10_000;

/** Throws `Conflict` for a name that a rule protects. */
export async function checkUnprotected(
  context: Context,
  { action, name }: { action: string; name: string },
  signal?: AbortSignal,
): Promise<void> {
  const rule = ruleFor(await rulesNow(context, signal), name);
  if (rule !== undefined) checkKnownRule(context, { action, subject: shown(name) }, rule);
  if (!rule?.protect) return;
  throw conflict(action, shown(name), `the rule ${shown(rule.pattern)} protects it`, {
    hint: "Change the rule, or delete with force: true.",
    reason: { kind: "protected" },
    backend: context.backend.location,
  });
}

/** Throws `Conflict` for an alias that a rule protects. */
export async function checkUnprotectedAlias(
  context: Context,
  { action, name, alias }: { action: string; name: string; alias: string },
  signal?: AbortSignal,
): Promise<void> {
  const [rule] = rulesOfAlias(await rulesNow(context, signal), { name, alias });
  if (rule === undefined) return;
  checkKnownRule(context, { action, subject: shown(`${name}@${alias}`) }, rule);
  const state = `the rule ${shown(rule.pattern)} protects this alias`;
  throw conflict(action, shown(`${name}@${alias}`), state, {
    hint: "Change the alias with force: true.",
    reason: { kind: "alias_protected", name, alias },
    backend: context.backend.location,
  });
}

/** Returns true if a rule protects an alias now, or may. */
export async function isProtected(
  context: Context,
  names: { name: string; alias: string },
  signal?: AbortSignal,
): Promise<boolean> {
  context.rulesReadAtMs = -Infinity; // so that they are read now
  return rulesOfAlias(await rulesNow(context, signal), names).length > 0;
}

/** Throws `Unsupported` for a rule of a later release: it may protect the subject. */
export function checkKnownRule(
  { backend }: { backend: { location: string } },
  { action, subject }: { action: string; subject: string },
  rule: RetentionRule,
): void {
  if (!isUnknownRule(rule)) return;
  const state = `this release does not understand the rule ${shown(rule.pattern)}`;
  const condition = rule.promote && unknownCondition(rule.promote);
  const load = condition &&
    `Load the extension that defines the condition ${shown(condition)}, or upgrade`;
  throw unsupported(action, subject, state, {
    hint: `${load ?? "Upgrade"} Holdfast to the release that set the rule, or a later one.`,
    backend: backend.location,
  });
}

/** Throws in a program that cannot check the conditions of rules. */
export function checkHasConditions(action: string, subject: string, pattern: string): void {
  if (hasConditions()) return;
  const state = `this program cannot check the conditions of the rule ${shown(pattern)}`;
  const hint = 'Import "@holdfast/holdfast/signatures" in the program.';
  throw unsupported(action, subject, state, { hint });
}

/** Returns the rules as they were at most ten seconds ago. */
export async function rulesNow(
  context: Context,
  signal?: AbortSignal,
): Promise<readonly RetentionRule[]> {
  const { system } = context;
  if (system.monotonic() - context.rulesReadAtMs >= RULES_FOR_MS) {
    const head = await readHead(context, SETTINGS, signal);
    const record = head && await readRecord(context, head, signal);
    if (record !== undefined) context.rules = recordOfKind(record, "settings").settings.rules ?? [];
    context.rulesReadAtMs = system.monotonic();
  }
  return context.rules;
}
