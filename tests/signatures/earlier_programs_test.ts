// Programs of earlier commits do not know conditions of promotions: they move no alias of such a rule.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { askedPromotions, askPromotion } from "../../signatures/signatures.ts";
import { openRegistry } from "../../mod.ts";
import { changeRules, readRules } from "../../registry/maintenance.ts";
import { testBesideEach } from "../registry/earlier/beside.ts";
import { CallError } from "../registry/earlier/start_program.ts";

testBesideEach("an earlier program moves no alias of a rule with conditions", async (world) => {
  const { before, path } = world;
  await using registry = await openRegistry(path, { durability: "os", cache: false });
  await registry.save("models:a", { auc: 0.5 });
  const promote = { where: "metadata.auc > 0.9", review: "reviewed-by" };
  const set = { pattern: "models:*", protectAliases: ["production"], promote };
  await changeRules(registry, { set });
  const moved = before.call("setAlias", path, "models:a", "production", "1.0.0");
  const { code } = await assertRejects(() => moved, CallError);
  assert(["Unsupported", "Conflict", "Corrupt"].includes(code), code);
  assertEquals((await readRules(registry)).rules, [set]);
  assertEquals(await Array.fromAsync(registry.aliases("models:a")), []);
});

testBesideEach(
  "an earlier program moves an alias that was asked for, which ends the request",
  async (world) => {
    const { before, path } = world;
    await using registry = await openRegistry(path, { durability: "os", cache: false });
    for (const auc of [0.5, 0.9]) await registry.save("models:a", { auc });
    await askPromotion(registry, "models:a@2", { alias: "production", note: "Best" });
    assertEquals((await Array.fromAsync(askedPromotions(registry))).length, 1);
    await before.call("setAlias", path, "models:a", "production", "1.0.0");
    assertEquals(await Array.fromAsync(askedPromotions(registry)), []);
    await askPromotion(registry, "models:a@2", { alias: "production" });
    assertEquals((await Array.fromAsync(askedPromotions(registry))).length, 1);
  },
);
