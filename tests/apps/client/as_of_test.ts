import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { logOf, realSystem } from "../../../mod.ts";
import { startService, testService } from "./service.ts";

testService("asOf reads past versions and aliases through a service", async (service) => {
  const registry = await service.open();
  await registry.save("a", "one");
  const { createdAt: first } = await registry.info("a");
  await registry.setAlias("a", "production", "1");
  const [{ createdAt: set }] = await Array.fromAsync(registry.history("a", "production"));
  strictEqual(await registry.load("a", { asOf: first }), "one");
  strictEqual((await registry.info("a@production", { asOf: set })).version, "1.0.0");
  strictEqual(await registry.has("a", { asOf: set }), true);
  const asOf = new Date(first.getTime() - 1);
  await rejects(registry.load("a", { asOf }), { code: "NotFound" });
  for (const ref of ["a", "a@1", "a@production"]) {
    strictEqual(await registry.has(ref, { asOf }), false, ref);
  }
});

testService("the log of a service has deletions and removed aliases", async (service) => {
  const registry = await service.open();
  await registry.save("a", "one");
  await registry.setAlias("a", "production", "1");
  await registry.deleteAlias("a", "production");
  await registry.save("a", "two");
  await registry.delete("a@2.0.0");
  const entries = await logOf(registry, "a");
  deepStrictEqual(entries, await logOf(service.behind, "a"));
  const events = entries.map(({ event }) => event).sort(); // several in one millisecond
  deepStrictEqual(events, ["aliased", "deleted", "saved", "saved", "unaliased"]);
  deepStrictEqual(await logOf(registry, "a", { limit: 2 }), entries.slice(0, 2));
  await rejects(logOf(registry, "none"), { code: "NotFound" });
});

Deno.test("an overwritten version exists since its first save", async () => {
  let now = realSystem.now();
  const service = await startService({ mutable: true, system: { ...realSystem, now: () => now } });
  const registry = await service.open();
  const saved = async (version: string, value: number, onConflict?: "overwrite") => {
    now += 1_000;
    await registry.save("a", value, { version, onConflict });
    return (await registry.info(`a@${version}`)).createdAt;
  };
  const low = await saved("1", 1);
  const high = await saved("2", 2);
  await saved("2", 3, "overwrite");
  strictEqual((await registry.info("a", { asOf: low })).version, "1.0.0");
  await rejects(registry.info("a", { asOf: high }), { code: "NotFound", message: /overwritten/ });
  await service.close();
});

testService("asOf does not replace a deleted version by another one", async (service) => {
  const registry = await service.open();
  await registry.save("a", "one");
  await registry.save("a", "two");
  const { createdAt: asOf } = await registry.info("a");
  const ticked = async () => (await registry.save("tick", 1)).createdAt;
  while (await ticked() <= asOf); // changes in the same millisecond count
  await registry.delete("a@2.0.0");
  for (const ref of ["a", "a@>=1"]) {
    await rejects(registry.load(ref, { asOf }), { code: "NotFound", message: /2\.0\.0.*deleted/ });
  }
  strictEqual(await registry.load("a@^1", { asOf }), "one");
  await rejects(registry.load("none", { asOf }), { code: "NotFound" });
});
