import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { type ErrorCode, fault } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { openRegistry, type Registry, type SavedArtifact } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";

/** Tries to save with an alias that cannot be set yet, then again. */
async function testBroken(
  code: ErrorCode,
  saveOf: (registry: Registry) => Promise<() => Promise<SavedArtifact>>,
): Promise<void> {
  const backend = createMemoryBackend();
  let isBroken = true;
  const registry = await openRegistry(withHooks(backend, {
    before({ verb, key }) {
      if (!isBroken || verb !== "put" || !key.includes("/aliases/")) return;
      const hint = "Ask for the right to write.";
      throw fault({ code, action: "put", subject: `"${key}"`, state: "no right", hint });
    },
  }));
  const save = await saveOf(registry);
  await rejected(code, save());
  assertEquals(await Array.fromAsync(registry.aliases("a")), []);
  isBroken = false;
  assertEquals((await save()).version, "1.0.0");
  assertEquals(await Array.fromAsync(registry.aliases("a"), ({ alias }) => alias), ["production"]);
  assertEquals((await Array.fromAsync(registry.versions("a"))).length, 1);
}

Deno.test("a save that ended before it set its alias sets it in a repeat", () =>
  testBroken("Denied", (registry) => {
    const options = { alias: "production", idempotencyKey: "key" };
    return Promise.resolve(() => registry.save("a", 1, options));
  }));

for (const code of ["Denied", "Corrupt"] as const) {
  Deno.test(`a commit of a draft that failed to set its alias (${code}) sets it in a repeat`, () =>
    testBroken(code, async (registry) => {
      const draft = await registry.openDraft("a", { id: "1" });
      await draft.addFile("a.txt", new Uint8Array(3));
      return () => draft.commit({ alias: "production" });
    }));
}

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
