import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { openRegistry } from "../../../../mod.ts";
import { changeRules, readRulesHistory } from "../../../../extensions/maintenance/mod.ts";
import { readRules } from "../../../../registry/tools/settings.ts";
import { rejected } from "../../../registry/rejected.ts";

async function service() {
  const registry = await openRegistry("memory:");
  const find = (header: string | null) => {
    const scope = header?.replace("Bearer ", "") ?? "";
    return Promise.resolve(createAccess(scope, [parseScope(scope)]));
  };
  const handler = createHandler(registry, { tokens: { find } });
  const fetch = (request: Request) => handler(request);
  return {
    registry,
    handler,
    open: (scope: string, readOnly = false) =>
      openHttpRegistry("http://localhost", { token: scope, fetch, readOnly }),
    async [Symbol.asyncDispose]() {
      await handler.close();
      await registry.close();
    },
  };
}

Deno.test("rules are read and changed through a service", async () => {
  await using served = await service();
  const admin = await served.open("admin");
  const { revision } = await changeRules(admin, { set: { pattern: "runs:*", keepLast: 3 } });
  const second = { set: { pattern: "*", protect: true }, ifRevision: revision };
  const changed = await changeRules(admin, second);
  assertEquals(changed, await readRules(served.registry));
  assertEquals(await readRules(admin), changed);
  await rejected("Conflict", changeRules(admin, second));
  await rejected("Invalid", changeRules(admin, { set: { pattern: "a" } }));
  await rejected("NotFound", changeRules(admin, { remove: "other" }));
  await changeRules(admin, { remove: "*" });
  const history = await Array.fromAsync(readRulesHistory(admin));
  assertEquals(history, await Array.fromAsync(readRulesHistory(served.registry)));
  assertEquals(history.map(({ rules }) => rules.length), [1, 2, 1, 0]);
  await rejected("Denied", changeRules(await served.open("admin", true), { remove: "runs:*" }));
});

Deno.test("pages of the history of rules continue at a revision", async () => {
  await using served = await service();
  for (const keepLast of [1, 2]) {
    await changeRules(served.registry, { set: { pattern: "a", keepLast } });
  }
  const page = async (query: string) => {
    const request = new Request(`http://localhost/rules/history?${query}`);
    request.headers.set("authorization", "Bearer admin");
    return await (await served.handler(request)).json();
  };
  const revisionsOf = ({ items }: { items: { revision: number }[] }) =>
    items.map(({ revision }) => revision);
  const first = await page("limit=2");
  assertEquals(revisionsOf(first), [3, 2]);
  assertEquals(revisionsOf(await page(`after=${first.next}`)), [1]);
});

Deno.test("without admin a token reads the rules of names that it may read", async () => {
  await using served = await service();
  for (const pattern of ["runs:*", "*", "secret"]) {
    await changeRules(served.registry, { set: { pattern, keepLast: 1 } });
  }
  const reader = await served.open("read:runs:*");
  const { rules } = await readRules(reader, { name: "runs:1" });
  assertEquals(rules.map(({ pattern }) => pattern), ["runs:*", "*"]);
  await rejected("Denied", readRules(reader, { name: "secret" }));
  await rejected("Denied", readRules(reader));
  await rejected("Denied", Array.fromAsync(readRulesHistory(reader)));
  await rejected("Denied", changeRules(reader, { remove: "*" }));
});
