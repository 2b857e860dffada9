// "Registry Module" of mindtrace 0.9: as a dictionary, caches, conflicts, batches.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { asMap, isRegistryError, loadMany, openRegistry, saveMany } from "@holdfast/holdfast";
import { RegistryError } from "@holdfast/holdfast";
import { tempRoot } from "../support/temp_root.ts";

Deno.test("quick start, as a dictionary", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("my:model", { layers: 2 });
  await registry.save("my:data", [1], { version: "1.0.0" });
  const map = asMap(registry);
  await map.set("my:config", { depth: 12 });
  assertEquals(await map.get("my:config"), { depth: 12 });
  assertEquals(await map.delete("my:config"), true);
  assertEquals(await map.has("my:config"), false);
  assertEquals(await registry.has("my:model", { version: "1.0.0" }), true);
  assertEquals((await registry.info("my:model", { version: "1.0.0" })).version, "1.0.0");
});

Deno.test("caching: levels of verification, and clearing", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("registry"));
  await registry.save("my:model", [1]);
  for (const verify of ["none", "integrity", "full"] as const) {
    assertEquals(await registry.load("my:model", { verify }), [1]);
  }
  await registry.clearCache();
  assertEquals(await registry.load("my:model"), [1]);
});

Deno.test("version management", async () => {
  await using registry = await openRegistry("memory:");
  assertEquals((await registry.save("model", 1)).version, "1.0.0");
  assertEquals((await registry.save("model", 2)).version, "2.0.0");
  assertEquals((await registry.save("model", 3, { version: "2.1" })).version, "2.1.0");
  assertEquals(await registry.load("model", { version: "2.1" }), 3);
  assertEquals(await registry.load("model", { version: "latest" }), 3);
  await using single = await openRegistry("memory:", { versioned: false });
  assertEquals(single.settings.versioned, false);
});

Deno.test("conflict handling", async () => {
  await using registry = await openRegistry("memory:", { mutable: true });
  await registry.save("model", 1, { version: "1.0.0" });
  const again = () => registry.save("model", 2, { version: "1.0.0" });
  assertEquals((await assertRejects(again, RegistryError)).code, "AlreadyExists");
  await registry.save("model", 2, { version: "1.0.0", onConflict: "overwrite" });
  assertEquals(await registry.load("model"), 2);
});

Deno.test("metadata and information: of a version, of a name, of all", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["a", "a", "b"]) await registry.save(name, 1);
  assertEquals((await registry.info("a", { version: "1.0.0" })).name, "a");
  const ofName = await Array.fromAsync(registry.versions("a", { details: true }));
  assertEquals(ofName.length, 2);
  const ofAll: Record<string, number> = {};
  for await (const name of registry) {
    ofAll[name] = (await Array.fromAsync(registry.versions(name))).length;
  }
  assertEquals(ofAll, { a: 2, b: 1 });
});

Deno.test("error handling", async () => {
  await using registry = await openRegistry("memory:");
  const missing = await registry.load("nonexistent:model").catch((error) => error);
  assert(isRegistryError(missing, "NotFound"));
  await registry.save("model", 1, { version: "1.0.0" });
  const conflict = await registry.save("model", 1, { version: "1.0.0" }).catch((error) => error);
  assert(isRegistryError(conflict, "AlreadyExists"));
});

Deno.test("batch operations", async () => {
  await using registry = await openRegistry("memory:");
  const saved = await saveMany(registry, [
    { name: "model:a", value: 1, version: "1.0.0" },
    { name: "model:b", value: 2, version: "1.0.0" },
  ]);
  assertEquals([saved.results.length, saved.succeeded, saved.failed, saved.errors.size], [
    2,
    [0, 1],
    [],
    0,
  ]);
  const loaded = await loadMany(registry, ["model:a@1.0.0", "model:b@1.0.0"]);
  assertEquals(loaded.results.map((each) => each.ok && each.value), [1, 2]);
});
