// A rule that is set for a pattern that has one, and what that gives up.
import type { RetentionRule } from "../../core/record.ts";
import { matchesStars } from "../../core/text/star_pattern.ts";
import { isRetention, isUnknownRule, outweighs, RETENTION } from "../../core/registry/rules.ts";

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

/**
 * Marks rules that protect less than others of the same names. Early programs follow only the first
 * rule of a name: they do not know the mark, so they protect all that the rule matches.
 */
export function marked(rules: readonly RetentionRule[]): RetentionRule[] {
  return rules.map((rule) => {
    if (isUnknownRule(rule)) return rule;
    const { adds: _, ...plain } = rule;
    const own = protectionOf(rule);
    const isShort = rules.some((other) =>
      !isUnknownRule(other) && outweighs(rule, other) &&
      protectionOf(other).some((part) => !own.includes(part)) &&
      overlap(rule.pattern, other.pattern)
    );
    return isShort ? { ...plain, adds: true } : plain;
  });
}

/** Returns false only if no name matches both patterns. */
function overlap(one: string, other: string): boolean {
  if (!one.includes("*")) return matchesStars(one, other);
  if (!other.includes("*")) return matchesStars(other, one);
  const [a, b] = [one.split("*"), other.split("*")];
  const [begin, start] = [a[0]!, b[0]!], [end, last] = [a.at(-1)!, b.at(-1)!];
  return (begin.startsWith(start) || start.startsWith(begin)) &&
    (end.endsWith(last) || last.endsWith(end));
}
