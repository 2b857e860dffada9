// Promotions in registries that programs of earlier commits wrote.
import { assertEquals } from "@std/assert";
import { readRules } from "../../../registry/tools/settings.ts";
import { askedPromotions } from "../../../extensions/signatures/signatures.ts";
import { RULE } from "../../registry/earlier/later.ts";
import { testOnLater } from "../../registry/earlier/on_all.ts";
import { collect, rejected } from "../../registry/rejected.ts";

testOnLater("conditions of promotions hold, and what was asked for is open", async ({ open }) => {
  const later = await open("later");
  assertEquals((await readRules(later)).rules, [RULE]);
  assertEquals(await later.load("models:a@production"), 0.9);
  await rejected("Conflict", later.setAlias("models:a", "production", "3"), /protects this alias/);
  const unmet = later.setAlias("models:a", "production", "2", { force: true });
  await rejected("Conflict", unmet, /auc/);
  const asked = await collect(askedPromotions(later));
  assertEquals(asked.map(({ name, version, alias }) => [name, version, alias]), [
    ["models:a", "3.0.0", "production"],
  ]);
  await later.setAlias("models:a", "production", "3", { force: true });
  assertEquals(await collect(askedPromotions(later)), []);
});
