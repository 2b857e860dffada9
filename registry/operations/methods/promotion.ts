// Conditions that a rule sets for the versions of a protected alias.
import { conflict } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { Registry, SetAliasOptions } from "../../../core/registry.ts";
import { unmetConditions } from "../../../core/registry/conditions/promotion.ts";
import { isUnknownRule, rulesOfAlias } from "../../../core/registry/rules.ts";
import type { Context } from "../context.ts";
import { listHeads } from "../../cell/heads.ts";
import { wasCopied } from "../../cell/voids.ts";
import { noteCellOf } from "../annotations.ts";
import { noteSource } from "../look/log.ts";
import { locate } from "../resolve.ts";
import { checkHasConditions, checkKnownRule, rulesNow } from "../protection.ts";

/**
 * Throws `Conflict` for a version that lacks what the rule of a protected alias asks for, by the
 * rules of now. Returns the commit that was checked, if there are conditions.
 */
export async function checkPromotion(
  context: Context,
  registry: Registry,
  { name, alias, version }: { name: string; alias: string; version: string },
  { force, signal }: SetAliasOptions,
): Promise<string | undefined> {
  if (!force) return undefined; // protected aliases do not move at all
  context.rulesReadAtMs = -Infinity;
  const rules = await rulesNow(context, signal);
  // Force passes a rule of a later release, but not the conditions of another one.
  const binding = rules.filter((each) => each.promote !== undefined || !isUnknownRule(each));
  const conditional = rulesOfAlias(binding, { name, alias }).filter(({ promote }) => promote);
  if (conditional.length === 0) return undefined;
  const action = "set alias", subject = shown(`${name}@${alias}`);
  for (const rule of conditional) checkKnownRule(context, { action, subject }, rule);
  checkHasConditions(action, subject, conditional[0]!.pattern);
  const info = await registry.info(name, { version, annotations: true, signal });
  const at = parseVersion(info.version);
  const log = async function* () { // by generation: clocks of writers differ
    const { record, found } = await locate(context, parseRef(name, info.version), { signal });
    const hasOtherTime = record.restored ?? await wasCopied(context, found, signal);
    const savedAt = record.commit !== info.commit
      ? Infinity
      : hasOtherTime
      ? -Infinity
      : found.info.modifiedAt;
    for await (const listed of listHeads(context, noteCellOf(context, name, at), { signal })) {
      for (const change of await noteSource(context, name, listed, signal).read()) {
        yield { ...change, isLater: listed.modifiedAt >= savedAt && change.at > info.createdAt };
      }
    }
  };
  for (const { pattern, promote } of conditional) {
    const unmet = await unmetConditions(promote!, { info, log });
    if (unmet === undefined) continue;
    const state = `the rule ${shown(pattern)} refuses version ${info.version}: ${unmet}`;
    throw conflict(action, subject, state, {
      hint: "Meet the conditions of the rule, or change the rule.",
      reason: { kind: "promotion_refused", name, alias },
      backend: context.backend.location,
    });
  }
  return info.commit;
}
