// Conditions that an extension defines: rules have them beside others, and programs without it move no alias.
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { defineCondition, RegistryError } from "../../../core/kernel.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { ruleText } from "../../../apps/rule_text.ts";
import { rejected } from "../rejected.ts";
import { openWith } from "../tomorrow/rules_world.ts";

defineCondition<number>("testedDays", {
  problem: (days) => typeof days === "number" ? undefined : "must be a number",
  text: (days) => `if tested for ${days} days`,
  unmet: (days, { info }) =>
    Promise.resolve(
      Number(info.metadata.days ?? 0) >= days
        ? undefined
        : `it was tested for ${info.metadata.days ?? 0} days`,
    ),
});

const FORCE = { force: true };

Deno.test("an alias moves only to versions that meet a condition of an extension", async () => {
  const registry = await openRegistry("memory:");
  await registry.save("m", 1, { metadata: { days: 1 } });
  await registry.save("m", 2, { metadata: { days: 9 } });
  const set = { pattern: "m", protectAliases: ["*"], promote: { testedDays: 7 } };
  await changeRules(registry, { set });
  const state = /refuses version 1.0.0: it was tested for 1 days/;
  await rejected("Conflict", registry.setAlias("m", "production", "1", FORCE), state);
  await registry.setAlias("m", "production", "2", FORCE);
  assertEquals(ruleText(set), "protected aliases *, promoted only if tested for 7 days");
  const wrong = { set: { ...set, promote: { testedDays: "7" } } };
  await rejected("Invalid", changeRules(registry, wrong), /"testedDays" must be a number/);
  const lossy = { set: { ...set, promote: { testedDays: NaN } } };
  await rejected("Invalid", changeRules(registry, lossy), /"testedDays": it is NaN/);
});

Deno.test("a program without the extension of a condition moves no alias", async () => {
  const rule = { pattern: "m", protectAliases: ["*"], promote: { elsewhere: true } };
  const registry = await openWith(rule);
  const error = await registry.setAlias("m", "production", "1", FORCE).catch((error) => error);
  assertEquals(error.code, "Unsupported");
  assertStringIncludes(error.hint, 'extension that defines the condition "elsewhere"');
  assertStringIncludes(ruleText(rule), "elsewhere true (unknown to this program)");
});

Deno.test("two extensions cannot define the same condition", () => {
  const condition = { problem: () => undefined, text: () => "", unmet: () => Promise.resolve("") };
  assertThrows(() => defineCondition("testedDays", condition), RegistryError, "another extension");
  for (const name of ["", "a.b", "Upper", "__proto__", "ends "]) {
    assertThrows(() => defineCondition(name, condition), RegistryError, "invalid name");
  }
});
