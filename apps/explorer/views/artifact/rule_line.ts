// The retention rule for a name.
import type { RetentionRule } from "../../../../core/record.ts";
import { ruleText } from "../../../../core/registry/rules.ts";
import { useSession } from "../../api/context.ts";
import { html } from "../../framework/html.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

/** Shows the rule for a name, or nothing if there is none. */
export function RuleLine({ name }: { name: string }) {
  const { service } = useSession();
  const { value } = useLoaded(async (signal) => {
    if (service.isSite) return [];
    const query = { name };
    return (await service.json<{ rules: RetentionRule[] }>("rules", { query, signal })).rules;
  }, [name]);
  const rule = value?.[0];
  return rule === undefined ? null : html`
    <p class="muted">Rule <span class="mono">${rule.pattern}</span>: ${ruleText(rule)}</p>
  `;
}
