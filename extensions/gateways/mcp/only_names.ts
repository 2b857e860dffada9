// Rights on chosen names, for a server whose user is known.
import { denied, invalid, notFound } from "../../../core/kernel.ts";
import type { Access } from "../../../apps/gateways.ts";
import { accessOf } from "../../../apps/cli/program/extension.ts";
import { patternProblem } from "../../../apps/server/extending.ts";

/**
 * Returns a check that gives every request rights on the names that match: `team:*`, `model`. For
 * it, other names do not exist.
 *
 * @throws {RegistryError} `Invalid` for a pattern that no name can match
 */
export function createNamesCheck(
  patterns: readonly string[],
  { readOnly = false }: { readOnly?: boolean } = {},
): { find(): Promise<Access> } {
  const kinds = readOnly ? ["read"] : ["read", "write"];
  const scopes = patterns.flatMap((pattern) => {
    const problem = patternProblem(pattern);
    if (problem === undefined) return kinds.map((kind) => `${kind}:${pattern}`);
    throw invalid("serve names", JSON.stringify(pattern), problem, {
      hint: "Pass a name or a prefix, and repeat the option for more: --names 'team:*'.",
    });
  });
  const access = accessOf("mcp", scopes);
  const check: Access["check"] = (right, name) => {
    if (access.may(right, name)) return;
    const subject = JSON.stringify(name);
    if (right === "read") throw notFound("find", subject, "no such name");
    const state = `this server only has names that match ${patterns.join(", ")}`;
    throw denied("change", subject, state, { hint: "Use a name that matches." });
  };
  return { find: () => Promise.resolve({ ...access, check }) };
}
