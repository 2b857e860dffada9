// Retention rules that a registry keeps.
import type { Author } from "../naming/author.ts";
import type { RetentionRule } from "../record.ts";
import { matchesStars } from "../text/star_pattern.ts";
import type { OptionRows } from "./operations/row.ts";
import type { SignalOptions } from "./operations/saving.ts";
import { hasConditions, promotionProblem } from "./conditions/promotion.ts";

/** The rules of a registry. */
export interface RetentionRules {
  rules: RetentionRule[];
  /** Number of the settings that have them. */
  revision: number;
  changedAt: Date;
  /** The author of the last change of settings, if known. */
  by?: Author;
  /** Members that the change took from the present rule of its pattern. */
  gaveUp?: readonly string[];
}

/** A change of `changeRules`. */
export interface RulesChange extends SignalOptions {
  /**
   * Sets the rule of its pattern. Protection adds to that of an earlier one, and members that choose
   * versions replace earlier ones. `Conflict` if the earlier rule has more than the result.
   */
  set?: RetentionRule;
  /** Sets the rule in place of an earlier one, whatever that has. @default false */
  replace?: boolean;
  /** Removes the rule of this pattern. */
  remove?: string;
  /** Changes only this revision; otherwise `Conflict`. */
  ifRevision?: number;
}

const COUNTS = ["keepLast", "keepDaily", "keepWeekly", "keepMonthly"] as const;

/** The members of a rule, and options of `prune`, that choose versions. */
export const RETENTION = {
  keepLast: {},
  keepDaily: {},
  keepWeekly: {},
  keepMonthly: {},
  keepWhere: {},
  olderThanMs: {},
} as const;

/** All members of a rule. */
export const RULE: OptionRows<RetentionRule> = {
  pattern: {},
  ...RETENTION,
  protect: {},
  protectAliases: {},
  promote: {},
  adds: {},
};

/**
 * Returns true for a stored rule that this release does not understand: a later one wrote it. It may
 * protect all names that it matches, so nothing of theirs is deleted, overwritten or moved.
 */
export function isUnknownRule(rule: RetentionRule): boolean {
  return Object.keys(rule).some((member) => !Object.hasOwn(RULE, member)) ||
    ruleProblem({ ...rule }) !== undefined;
}

export function ruleProblem(rule: Partial<Record<string, unknown>>): string | undefined {
  return memberProblem(rule) ?? effectProblem(rule as unknown as RetentionRule);
}

function memberProblem(rule: Partial<Record<string, unknown>>): string | undefined {
  const { pattern, olderThanMs = 0, keepWhere = "", protectAliases = ["*"] } = rule;
  if (!isPattern(pattern)) return "the pattern must have 1 to 200 characters";
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!COUNTS.every((name) => isCount(rule[name] ?? 0))) return "counts must be whole numbers";
  if (!isCount(olderThanMs)) return "olderThanMs must be a whole number";
  if (typeof keepWhere !== "string") return "keepWhere must be a condition";
  const isFlag = (value: unknown) => typeof value === "boolean";
  if (![rule.protect ?? true, rule.adds ?? true].every(isFlag)) {
    return "protect must be true or false";
  }
  if (!isAliasPatterns(protectAliases)) {
    return "protectAliases must be 1 to 100 aliases or patterns";
  }
}

function effectProblem(rule: RetentionRule): string | undefined {
  const { protect, protectAliases, promote } = rule, keeps = isRetention(rule);
  if (keeps && protect) return "a protected name is not pruned";
  if (promote === undefined) {
    return keeps || protect || protectAliases !== undefined ? undefined : "it has no effect";
  }
  if (protectAliases === undefined) return "promote needs protectAliases";
  return hasConditions() ? promotionProblem(promote) : undefined; // without any, no alias of it moves
}

function isPattern(text: unknown): boolean {
  return typeof text === "string" && text !== "" && text.length <= 200;
}

function isAliasPatterns(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.length <= 100 && value.every(isPattern);
}

/** True if a rule deletes anything at all. */
export function isRetention(rule: RetentionRule): boolean {
  return Object.keys(RETENTION).some((name) => rule[name as keyof typeof RETENTION] !== undefined);
}

/**
 * Returns the rule that `delete` and `prune` follow for a name: one that this release does not
 * understand, else one that protects it, else that with most characters other than `*`. If this one
 * chooses no versions, all stay.
 */
export function ruleFor(rules: readonly RetentionRule[], name: string): RetentionRule | undefined {
  const matching = rulesFor(rules, name);
  return matching.find(isUnknownRule) ?? matching.find(({ protect }) => protect) ?? matching[0];
}

/** Returns the rules that match a name: first those that are not understood, then by weight. */
export function rulesFor(rules: readonly RetentionRule[], name: string): RetentionRule[] {
  return rules.filter(({ pattern }) => typeof pattern !== "string" || matchesStars(name, pattern))
    .sort((a, b) => outweighs(a, b) ? -1 : 1);
}

/** Returns true if the pattern of a rule has more characters other than `*` than that of another. */
function outweighs(rule: RetentionRule, other: RetentionRule): boolean {
  const [a, b] = [weightOf(rule), weightOf(other)];
  return a > b || a === b && rule.pattern < other.pattern;
}

function weightOf(rule: RetentionRule): number {
  return isUnknownRule(rule)
    ? Infinity
    : rule.pattern.replaceAll("*", "").length * 1_000 - rule.pattern.length;
}

/** Returns the rules that protect an alias, or may. */
export function rulesOfAlias(
  rules: readonly RetentionRule[],
  { name, alias }: { name: string; alias: string },
): RetentionRule[] {
  return rulesFor(rules, name).filter((rule) =>
    isUnknownRule(rule) || rule.protectAliases?.some((pattern) => matchesStars(alias, pattern))
  );
}
