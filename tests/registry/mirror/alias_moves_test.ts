import { assertEquals } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { mirrorRegistry } from "../../../registry/maintenance.ts";
import { withHooks } from "../with_hooks.ts";

Deno.test("an alias of a mirror names a version after each change, also a kill in between", async () => {
  const from = await openRegistry("memory:");
  const backend = createMemoryBackend();
  const reader = await openRegistry(backend);
  const found: string[] = [];
  const to = await openRegistry(withHooks(backend, {
    async after({ verb, key }) {
      if (verb !== "put" || !key.includes("/aliases/")) return;
      found.push((await reader.info("a@production")).version);
    },
  }));
  const move = async (version: string) => {
    await from.save("a", version, { version });
    await from.setAlias("a", "production", version);
  };
  await move("1.0.0");
  await mirrorRegistry(from, to);
  await move("2.0.0");
  await move("3.0.0");
  await from.delete("a@2.0.0");
  await move("4.0.0");
  assertEquals((await mirrorRegistry(from, to)).failures, []);
  assertEquals(found, ["1.0.0", "3.0.0", "4.0.0"]);
  assertEquals((await mirrorRegistry(from, to)).failures, []);
  assertEquals(found.length, 3, "nothing is left to change");
});
