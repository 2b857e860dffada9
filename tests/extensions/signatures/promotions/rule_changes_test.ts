// Several rules of one name, and rules that replace others: protection adds up, and nothing that a
// rule has is lost in silence.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { openHttpRegistry } from "../../../../apps/client.ts";
import type { RetentionRule } from "../../../../core/record.ts";
import { combined, givenUp } from "../../../../extensions/maintenance/rules/rule_changes.ts";
import { isUnknownRule, ruleFor, rulesOfAlias } from "../../../../core/registry/rules.ts";
import { matchesStars } from "../../../../core/text/star_pattern.ts";
import { prune, pruneByRules } from "../../../../extensions/maintenance/pruning/mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { readRules } from "../../../../registry/tools/settings.ts";
import "../../../../extensions/signatures/signatures.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { testInMemory } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";

const PROMOTE = { review: "reviewed-by" };
const PROTECTION = { protectAliases: ["production"], promote: PROMOTE };

const text = fc.array(fc.constantFrom("a", "b", ":", "*"), { minLength: 1, maxLength: 5 })
  .map((all) => all.join(""));
const rule: fc.Arbitrary<RetentionRule> = fc.record({
  pattern: text,
  keeps: fc.constantFrom({}, { keepLast: 1 }, { keepLast: 2, keepDaily: 3 }),
  protects: fc.constantFrom(
    ...[{}, { protect: true }, { protectAliases: ["production"] }, PROTECTION],
    { protectAliases: ["*"], promote: { where: "metadata.a = 1" } },
  ),
}).map(({ pattern, keeps, protects }) => ({
  pattern,
  ...("protect" in protects ? {} : keeps),
  ...protects,
})).filter((rule) => Object.keys(rule).length > 1);
const ruleSet = fc.array(rule, { minLength: 1, maxLength: 5 })
  .map((all) => [...new Map(all.map((each) => [each.pattern, each])).values()]);
const name = text.map((all) => all.replaceAll("*", "ab"));
Deno.test("all that any rule of a name protects is protected", () => {
  fc.assert(fc.property(ruleSet, name, (rules, name) => {
    const matching = rules.filter(({ pattern }) => matchesStars(name, pattern));
    assertEquals(
      ruleFor(rules, name)?.protect === true,
      matching.some(({ protect }) => protect === true),
    );
    for (const alias of ["production", "canary"]) {
      const protecting = matching.filter(({ protectAliases }) =>
        protectAliases?.some((each) => matchesStars(alias, each))
      );
      assertEquals(rulesOfAlias(rules, { name, alias }).length, protecting.length);
    }
  }));
});

Deno.test("a rule that an early program marked has the same meaning without the mark", () => {
  fc.assert(fc.property(ruleSet, name, (rules, name) => {
    const stored = rules.map((rule) => ({ ...rule, adds: true }));
    assert(!stored.some(isUnknownRule));
    const { adds: _, ...plain } = ruleFor(stored, name) ?? { adds: true };
    assertEquals(plain, ruleFor(rules, name) ?? {});
  }));
});

Deno.test("a rule that is set again loses nothing unless it says so", () => {
  fc.assert(fc.property(rule, rule, (present, next) => {
    const set = { ...next, pattern: present.pattern };
    const result = combined(present, set);
    assertEquals(givenUp(set, result), [], "what was asked for is there");
    const lost = givenUp(present, result);
    const { pattern: _, ...before } = present;
    for (const member of Object.keys(before)) {
      assert(member in result || lost.some((each) => each.startsWith(member)), member);
    }
    if (present.protectAliases) assert(result.protectAliases?.includes(present.protectAliases[0]!));
  }));
});

testInMemory("rules for space keep what protects, by any entry point", async ({ registry }) => {
  for (const name of ["models:digits", "models:big"]) {
    for (const value of [1, 2, 3]) await registry.save(name, value);
  }
  const handler = createCheckedHandler(registry);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  const remote = await openHttpRegistry("http://localhost", { fetch });
  await changeRules(registry, { set: { pattern: "models:*", ...PROTECTION } });
  const { rules, gaveUp } = await changeRules(remote, {
    set: { pattern: "models:*", keepLast: 2 },
  });
  assertEquals([rules, gaveUp], [[{ pattern: "models:*", keepLast: 2, ...PROTECTION }], undefined]);
  await changeRules(remote, { set: { pattern: "models:big", keepLast: 1 } });
  for (const each of [registry, remote]) {
    for (const name of ["models:digits", "models:big"]) {
      await rejected("Conflict", each.setAlias(name, "production", "1"), /protects this alias/);
      const forced = each.setAlias(name, "production", "1", { force: true });
      await rejected("Conflict", forced, /the label "reviewed-by" is missing/);
    }
    await each.setAlias("models:big", "canary", "3");
    assertEquals((await readRules(each, { name: "models:big" })).rules.length, 2);
  }
  const { deleted } = await pruneByRules(registry);
  assertEquals(deleted.map(({ name, version }) => `${name}@${version}`).sort(), [
    "models:big@1.0.0",
    "models:big@2.0.0",
    "models:digits@1.0.0",
  ]);
  await changeRules(registry, { set: { pattern: "models:*", keepLast: 1, protect: false } });
  await changeRules(registry, { set: { pattern: "*", protect: true } });
  assertEquals((await pruneByRules(registry)).deleted, []);
  assertEquals((await prune(registry, { keepLast: 1 })).deleted, []);
  await rejected("Conflict", registry.delete("models:digits@2"), /the rule "\*" protects it/);
  await handler[Symbol.asyncDispose]();
});

testInMemory("a rule that takes something away names it, and needs replace", async (world) => {
  const { registry } = world;
  const handler = createCheckedHandler(registry);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  const remote = await openHttpRegistry("http://localhost", { fetch });
  const pattern = "models:*";
  const present = { pattern, keepLast: 50, keepDaily: 7, ...PROTECTION };
  const cases: [set: RetentionRule, lost: string[]][] = [
    [{ pattern, keepLast: 30 }, ["keepDaily"]],
    [{ pattern, protect: true }, ["keepLast", "keepDaily"]],
    [{ pattern, protectAliases: ["x"], promote: { review: "checked" } }, ["promote.review"]],
  ];
  for (const each of [registry, remote]) {
    for (const [set, lost] of cases) {
      const state = new RegExp(`has ${lost.join(", ")}, which would be lost`);
      await changeRules(each, { set: present, replace: true });
      const error = await rejected("Conflict", changeRules(each, { set }), state);
      assertEquals(error.reason?.kind, "rule_gives_up");
      assertEquals((await readRules(each)).rules, [present]);
      const { gaveUp, rules } = await changeRules(each, { set, replace: true });
      assertEquals(rules, [set]);
      assert(lost.every((each) => gaveUp?.includes(each)), `${gaveUp}`);
    }
  }
  await handler[Symbol.asyncDispose]();
});
