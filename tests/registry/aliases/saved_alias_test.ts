import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { fault } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";

Deno.test("a save that ended before it set its alias sets it in a repeat", async () => {
  const backend = createMemoryBackend();
  let isBroken = true;
  const registry = await openRegistry(withHooks(backend, {
    before({ verb, key }) {
      if (!isBroken || verb !== "put" || !key.includes("/aliases/")) return;
      const hint = "Ask for the right to write.";
      throw fault({ code: "Denied", action: "put", subject: `"${key}"`, state: "no right", hint });
    },
  }));
  const save = () => registry.save("a", 1, { alias: "production", idempotencyKey: "key" });
  await rejected("Denied", save());
  assertEquals(await Array.fromAsync(registry.aliases("a")), []);
  isBroken = false;
  assertEquals((await save()).version, "1.0.0");
  assertEquals(await registry.load("a@production"), 1);
  assertEquals((await Array.fromAsync(registry.versions("a"))).length, 1);
});

Deno.test("a repeat sets an alias that pointed to the version before it was overwritten", async () => {
  let now = Date.UTC(2026, 0, 1);
  const system = { ...realSystem, now: () => now += 1000 };
  const registry = await openRegistry("memory:", { mutable: true, system });
  await registry.save("a", "old", { version: "1", alias: "production" });
  await registry.save("a", "other", { version: "2", alias: "production" });
  const how = { version: "1", onConflict: "overwrite", idempotencyKey: "key" } as const;
  await registry.save("a", "new", how);
  await registry.save("a", "new", { ...how, alias: "production" });
  assertEquals(await registry.load("a@production"), "new");
});

Deno.test("saves of a batch set their aliases", async () => {
  const registry = await openRegistry("memory:");
  const batch = createBatch(registry);
  const { failed } = await batch.saveMany([{ name: "a", value: 1, alias: ["x", "y"] }]);
  await batch[Symbol.asyncDispose]();
  assertEquals(failed, []);
  assertEquals(await Array.fromAsync(registry.aliases("a"), ({ alias }) => alias), ["x", "y"]);
});
