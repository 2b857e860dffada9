// Words for a rule, on the command line and on the page.
import type { RetentionRule } from "../core/record.ts";
import { hasConditions, promotionText } from "../core/registry/conditions/promotion.ts";
import { RULE } from "../core/registry/rules.ts";

export function ruleText(
  { pattern: _, adds: _adds, protect, protectAliases, promote, olderThanMs, ...keep }:
    RetentionRule,
): string {
  const members = Object.entries(keep).filter(([, value]) => value !== undefined);
  const parts = members.map(([name, value]) =>
    Object.hasOwn(RULE, name)
      ? `${name.replace("keep", "keep ").toLowerCase()} ${value}`
      : `${name} ${JSON.stringify(value)} (unknown to this release)`
  );
  if (olderThanMs !== undefined) parts.push(`older than ${olderThanMs / 3_600_000} h`);
  if (protect) parts.push("protected");
  if (protectAliases !== undefined) {
    parts.push(`protected aliases ${[protectAliases].flat().join(" ")}`);
  }
  if (promote !== undefined) {
    const text = hasConditions() ? promotionText(promote) : JSON.stringify(promote);
    parts.push(`promoted only ${text}`);
  }
  return parts.join(", ");
}
