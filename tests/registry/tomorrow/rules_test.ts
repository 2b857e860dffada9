// Rules of a program of tomorrow are kept. This program refuses what they may protect.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { deleteMany, type Registry } from "../../../mod.ts";
import { ruleText } from "../../../apps/rule_text.ts";
import { prune, pruneByRules } from "../../../extensions/maintenance/pruning/mod.ts";
import { changeRules, collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { changeSettings, readRules } from "../../../registry/tools/settings.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import { rejected } from "../rejected.ts";
import { openWith, RULES } from "./rules_world.ts";

const OVERWRITE = { version: "3", onConflict: "overwrite" } as const;

/** Calls that delete, overwrite or move something of "m". */
const REFUSED: Record<string, (registry: Registry) => Promise<unknown>> = {
  "delete": (registry) => registry.delete("m@3"),
  "delete of all": (registry) => registry.delete("m", { allVersions: true }),
  "overwrite": (registry) => registry.save("m", 4, OVERWRITE),
  "setAlias": (registry) => registry.setAlias("m", "live", "3"),
  "setAlias of a new one": (registry) => registry.setAlias("m", "new", "3"),
  "deleteAlias": (registry) => registry.deleteAlias("m", "live"),
  "rollbackAlias": (registry) => registry.rollbackAlias("m", "live"),
  "save with an alias": (registry) => registry.save("m", 4, { alias: "live" }),
};

for (const [what, rule] of Object.entries(RULES)) {
  const isForAll = rule.pattern !== "m";

  Deno.test(`a rule of tomorrow protects what it matches: ${what}`, async () => {
    const stored = await openWith(rule);
    const handler = createCheckedHandler(stored);
    const fetch = (input: RequestInfo | URL, init?: RequestInit) =>
      handler(new Request(input, init));
    const remote = await openHttpRegistry("http://localhost", { fetch });
    for (const registry of [stored, remote]) {
      for (const [call, refused] of Object.entries(REFUSED)) {
        const error = await rejected("Unsupported", refused(registry), /does not understand/);
        assertStringIncludes(error.hint ?? "", "Upgrade", call);
      }
      const { failed, results } = await deleteMany(registry, ["m@3"]);
      assertEquals(failed, [0]);
      assertEquals(results[0]?.ok === false && results[0].error.code, "Unsupported");
    }
    for (const pruned of [await prune(stored, { keepLast: 1 }), await pruneByRules(stored)]) {
      const names = isForAll ? ["m", "other", "plain"] : ["m"];
      assertEquals(
        pruned.failures.map(({ name, code }) => [name, code]),
        names.map((name) => [
          name,
          "Unsupported",
        ]),
      );
      assert(pruned.deleted.every(({ name }) => name !== "m"));
    }
    assertEquals((await Array.fromAsync(stored.versions("m"))).length, 3);
    assertEquals((await Array.fromAsync(stored.versions("plain"))).length, isForAll ? 3 : 1);

    await stored.save("m", "new");
    await stored.delete("m@3", { force: true });
    await stored.setAlias("m", "live", "4", { force: true });
    assertEquals((await verifyRegistry(stored)).problems, []);
    assertEquals((await collectGarbage(stored)).failures, []);
    await handler[Symbol.asyncDispose]();
  });

  Deno.test(`a rule of tomorrow is kept, shown, and removed by its pattern: ${what}`, async () => {
    const registry = await openWith(rule);
    await changeSettings(registry, { graceMs: 48 * 3_600_000 });
    await changeRules(registry, { set: { pattern: "b", protect: true } });
    const { rules } = await readRules(registry);
    const stored: unknown = rules[1];
    assertEquals(stored, rule);
    assertEquals(typeof ruleText(rules[1]!), "string");
    const handler = createCheckedHandler(registry);
    const answer = await handler(new Request("http://localhost/rules"));
    assertEquals((await answer.json()).rules[1], rule);
    await handler[Symbol.asyncDispose]();
    if (typeof rule.pattern !== "string") return;
    const { pattern } = rule;
    await rejected("Unsupported", changeRules(registry, { set: { pattern, keepLast: 1 } }));
    await changeRules(registry, { remove: pattern });
    await registry.delete("m@3");
  });
}

Deno.test("only `admin` forces a deletion that a rule of tomorrow may protect", async () => {
  const stored = await openWith({ pattern: "m", keepYearly: 2 });
  const handler = createCheckedHandler(stored, {
    tokens: {
      find(authorization) {
        const scopes = authorization!.slice("Bearer ".length).split(",").map(parseScope);
        return Promise.resolve(createAccess("id", scopes));
      },
    },
  });
  const open = (token: string) =>
    openHttpRegistry("http://localhost", { token, fetch: (request) => handler(request) });
  const force = true;
  const writer = await open("write:*,promote:*,read:*");
  await rejected("Denied", writer.delete("m@3", { force }));
  await rejected("Denied", writer.delete("m", { allVersions: true, force }));
  assertEquals(await writer.delete("other@3", { force }), true);
  assertEquals(await (await open("admin")).delete("m@3", { force }), true);
  await handler[Symbol.asyncDispose]();
});
