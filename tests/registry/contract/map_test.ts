import { assertEquals } from "@std/assert";
import { asMap, openRegistry, type Registry } from "../../../mod.ts";

Deno.test("pop() deletes the value it returns, even during an overwrite", async () => {
  const registry = await openRegistry("memory:", { mutable: true });
  const { save } = registry;
  await save("a", "first", { version: "1" });
  const deleted: string[] = [];
  const racing: Registry = {
    ...registry,
    async get(ref) {
      const value = await registry.get(ref);
      if (value === "first") await save("a", "second", { version: "1", onConflict: "overwrite" });
      return value;
    },
    async delete(ref, options) {
      const found = await registry.delete(ref, options);
      deleted.push(options!.ifCommit!);
      return found;
    },
  };
  assertEquals(await asMap(racing).pop("a"), "second");
  assertEquals(deleted.length, 1);
  assertEquals(await registry.has("a"), false);
});

Deno.test("setDefault() returns the value of another caller that saves meanwhile", async () => {
  const registry = await openRegistry("memory:");
  let calls = 0;
  const racing: Registry = {
    ...registry,
    async has(ref) {
      if (calls++ === 0) await registry.save("a", "theirs");
      return await registry.has(ref);
    },
    async save(name: string, value: unknown, options) {
      if (calls++ === 0) await registry.save("a", "theirs");
      return await registry.save(name, value, options);
    },
  };
  assertEquals(await asMap(racing).setDefault("a", "mine"), "theirs");
});

Deno.test("undefined is an ordinary value", async () => {
  const registry = await openRegistry("memory:", { mutable: true });
  const map = asMap(registry);
  await map.set("a", undefined);
  assertEquals(await map.setDefault("a", "other"), undefined);
  assertEquals(await Array.fromAsync(map.entries()), [["a", undefined]]);
  assertEquals(await map.pop("a"), undefined);
  assertEquals(await registry.has("a"), false);
});
