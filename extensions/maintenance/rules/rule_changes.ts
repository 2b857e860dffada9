// A rule that is set for a pattern that has one, and what that gives up.
import type { RetentionRule } from "../../../registry/tools/settings.ts";
import { isRetention, RETENTION } from "../../../core/registry/rules.ts";

/**
 * Adds a rule to the present one of its pattern. Protections add up. Members that choose versions
 * replace all of the present ones.
 */
export function combined(present: RetentionRule, set: RetentionRule): RetentionRule {
  const aliases = [...present.protectAliases ?? [], ...set.protectAliases ?? []];
  const promote = { ...present.promote, ...set.promote };
  const space = isRetention(set) ? set : set.protect ? {} : present; // a protected name keeps all
  return {
    pattern: set.pattern,
    ...retentionOf(space),
    ...(set.protect || present.protect && !isRetention(set) ? { protect: true } : {}),
    ...(aliases.length > 0 && { protectAliases: [...new Set(aliases)] }),
    ...(Object.keys(promote).length > 0 && { promote }),
  };
}

function retentionOf(rule: Partial<RetentionRule>): Partial<RetentionRule> {
  const isOfSpace = ([name, value]: [string, unknown]) => name in RETENTION && value !== undefined;
  return Object.fromEntries(Object.entries(rule).filter(isOfSpace));
}

/** Returns the members that a rule has and the next one lacks: `keepDaily`, `promote.review`. */
export function givenUp(rule: RetentionRule, next: RetentionRule): string[] {
  const partsOf = (of: RetentionRule) => [...Object.keys(retentionOf(of)), ...protectionOf(of)];
  const kept = partsOf(next);
  return partsOf(rule).filter((part) => !kept.includes(part)).map((part) => part.split("\n")[0]!);
}

/** Returns each protection of a rule as a text. */
function protectionOf({ protect, protectAliases = [], promote = {} }: RetentionRule): string[] {
  return [
    ...(protect ? ["protect"] : []),
    ...protectAliases.map((alias) => `protectAliases ${alias}`),
    ...Object.entries(promote).map(([name, value]) => `promote.${name}\n${JSON.stringify(value)}`),
  ];
}
