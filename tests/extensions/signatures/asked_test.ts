// Requests for promotions: open until the alias changes.
import { assertEquals, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createHandler } from "../../../apps/server.ts";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { createMemoryBackend, openRegistry, type Registry } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import {
  askedPromotions,
  askPromotion,
  withdrawPromotion,
} from "../../../extensions/signatures/signatures.ts";
import { cliTest } from "../../apps/captured_io.ts";
import { rejected } from "../../registry/rejected.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { NAME } from "./signed.ts";

const alias = "production";

async function filled(by?: string): Promise<Registry> {
  const system = createScriptedSystem();
  const registry = await openRegistry(createMemoryBackend(), { by, system, mutable: true });
  for (const layers of [1, 2, 3]) await registry.save(NAME, { layers });
  return registry;
}

async function open(registry: Registry): Promise<string[]> {
  const asked = await Array.fromAsync(askedPromotions(registry));
  return asked.map(({ version, alias, current = "none" }) => `${version} ${alias} ${current}`);
}

Deno.test("a request has who asked, when and why, whatever is labeled later", async () => {
  await using registry = await filled("ann");
  const system = createScriptedSystem();
  const asked = await askPromotion(registry, `${NAME}@2`, { alias, note: "Best", system });
  await annotate(registry, `${NAME}@2`, { labels: { stage: "checked" } });
  const [listed, ...others] = await Array.fromAsync(askedPromotions(registry));
  assertEquals(others, []);
  assertEquals(listed, {
    ...{ name: NAME, version: "2.0.0", alias, current: undefined, note: "Best" },
    by: { name: "ann" },
    askedAt: asked.askedAt,
  });
  assertEquals(await Array.fromAsync(askedPromotions(registry, { prefix: "data:" })), []);
});

Deno.test("any change of the alias ends all requests for it, and for no other alias", async () => {
  for (
    const change of [
      (registry: Registry) => registry.setAlias(NAME, alias, "2"),
      (registry: Registry) => registry.rollbackAlias(NAME, alias),
      (registry: Registry) => registry.deleteAlias(NAME, alias),
      async (registry: Registry) => {
        await registry.setAlias(NAME, alias, "2"); // there and back
        await registry.setAlias(NAME, alias, "1");
      },
    ]
  ) {
    await using registry = await filled();
    for (const version of ["3", "1"]) await registry.setAlias(NAME, alias, version);
    await askPromotion(registry, `${NAME}@2`, { alias });
    await askPromotion(registry, `${NAME}@3`, { alias });
    await askPromotion(registry, `${NAME}@1`, { alias: "canary" });
    assertEquals(await open(registry), [
      `3.0.0 ${alias} 1.0.0`,
      `2.0.0 ${alias} 1.0.0`,
      "1.0.0 canary none",
    ]);
    await change(registry);
    assertEquals(await open(registry), ["1.0.0 canary none"], String(change));
  }
});

Deno.test("a request is withdrawn by its version and alias, and can be made again", async () => {
  await using registry = await filled();
  const ref = `${NAME}@2`;
  await rejected("NotFound", withdrawPromotion(registry, ref, { alias }), /nobody asked/);
  await askPromotion(registry, ref, { alias, note: "one" });
  await rejected("NotFound", withdrawPromotion(registry, ref, { alias: "other" }), /nobody asked/);
  await withdrawPromotion(registry, ref, { alias });
  assertEquals(await open(registry), []);
  await askPromotion(registry, ref, { alias });
  const [again] = await Array.fromAsync(askedPromotions(registry));
  assertEquals(again?.note, undefined);
});

Deno.test("a version is asked for as one alias at a time, and not as one that it has", async () => {
  await using registry = await filled();
  const ask = (version: string, alias: string) =>
    askPromotion(registry, `${NAME}@${version}`, { alias });
  await ask("2", alias);
  await rejected("Conflict", ask("2", "canary"), /it is asked for as "production"/);
  await registry.setAlias(NAME, alias, "2");
  await rejected("Conflict", ask("2", alias), /points to it/);
  await ask("2", "canary"); // the other request has ended
  assertEquals(await open(registry), ["2.0.0 canary none"]);
  await rejected("NotFound", ask("9", alias), /./);
  const long = askPromotion(registry, NAME, { alias, note: "x".repeat(1_001) });
  await rejected("Invalid", long, /too long/);
});

Deno.test("of two that ask at once for one version, none loses a label", async () => {
  await using registry = await filled();
  const asking = [1, 2, 3].map((at) => askPromotion(registry, NAME, { alias, note: `${at}` }));
  const labeling = annotate(registry, `${NAME}@3`, { labels: { stage: "checked" } });
  await Promise.all([...asking, labeling]);
  const { annotations } = await registry.info(NAME, { annotations: true });
  assertEquals(annotations?.labels.stage, "checked");
  assertEquals(await open(registry), [`3.0.0 ${alias} none`]);
});

Deno.test("labels that are no requests are left out, and deleted versions are", async () => {
  await using registry = await filled();
  const wrong = [
    1,
    "production",
    [],
    {},
    { alias },
    { alias, at: "soon" },
    {
      alias,
      at: new Date(0).toISOString(),
      since: 1,
    },
    ...["", "a@b", "a/b", "1.2.0", "latest", "x".repeat(500)].map((alias) => ({
      alias,
      at: new Date(0).toISOString(),
    })),
  ];
  for (const value of wrong) {
    await annotate(registry, `${NAME}@1`, { labels: { "promotion-asked": null } });
    await annotate(registry, `${NAME}@1`, { labels: { "promotion-asked": value } });
    assertEquals(await open(registry), [], JSON.stringify(value));
  }
  await askPromotion(registry, `${NAME}@2`, { alias });
  await registry.delete(`${NAME}@2`);
  assertEquals(await open(registry), []);
});

Deno.test("a service lets those ask who may label, and those answer who may promote", async () => {
  await using registry = await filled();
  await changeRules(registry, { set: { pattern: "models:*", protectAliases: [alias] } });
  const scopes: Record<string, string[]> = {
    reader: ["read:*"],
    mover: ["read:*", "move:*"],
    promoter: ["read:*", "move:*", "promote:*"],
  };
  const tokens = {
    find: (authorization: string | null) => {
      const token = authorization?.replace("Bearer ", "") ?? "";
      const own = scopes[token];
      return Promise.resolve(
        own && createAccess(token, own.map(parseScope), { author: { name: token, token } }),
      );
    },
  };
  await using handler = createHandler(registry, { tokens });
  const as = (token: string) => openHttpRegistry("http://localhost", { token, fetch: handler });
  await using reader = await as("reader");
  await using mover = await as("mover");
  await using promoter = await as("promoter");
  await rejected("Denied", askPromotion(reader, `${NAME}@2`, { alias }), /./);
  await askPromotion(mover, `${NAME}@2`, { alias });
  const [asked] = await Array.fromAsync(askedPromotions(reader));
  assertEquals(asked?.by?.name, "mover");
  const force = { force: true };
  await rejected("Denied", mover.setAlias(NAME, alias, "2", force), /./);
  await promoter.setAlias(NAME, alias, "2", force);
  assertEquals(await Array.fromAsync(askedPromotions(reader)), []);
});

cliTest("promote --ask, promotions and promote --withdraw", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save models:digits -");
  const none = await it.holdfast("promotions");
  assertEquals([none.code, none.out], [0, ""]);
  assertMatch(none.err, /There are no open requests for promotions/);
  await it.prints(
    ["promote", "models:digits", "production", "--ask", "--note", "Best so far"],
    "Asked to promote models:digits@1.0.0 to production\n",
  );
  assertMatch(await it.succeeds("promotions"), /models:digits +1\.0\.0 +production .*Best so far/);
  assertEquals(await it.succeeds("promotions data:"), "");
  await it.prints(
    "promote models:digits production --withdraw",
    "Withdrew the request for models:digits@1.0.0\n",
  );
  assertEquals(await it.succeeds("promotions"), "");
  await it.succeeds("promote models:digits production --ask");
  await it.succeeds("promote models:digits production");
  assertEquals(await it.succeeds("promotions"), "");
  await it.fails("promote models:digits a --ask --withdraw", 2, "--ask and --withdraw are given");
  await it.fails("promote models:digits a --note b", 2, "--note is given without --ask");
  await it.fails("promote models:digits a --ask --expected none", 2, "no --expected");
});
