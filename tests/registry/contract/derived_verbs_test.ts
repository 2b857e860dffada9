import { assertEquals } from "@std/assert";
import { createDerivedVerbs } from "../../../registry/contract/derived_verbs.ts";
import { openRegistry } from "../../../mod.ts";

Deno.test("pop() deletes the value that it gives, also where another one is saved in its place meanwhile", async () => {
  const registry = await openRegistry("memory:", { mutable: true });
  const { settings } = registry;
  const { save, load, info, has, names } = registry;
  await save("a", "first", { version: "1" });
  const deleted: string[] = [];
  const { pop } = createDerivedVerbs({
    ...{ settings, save, info, has, names },
    load,
    async loadIfThere(ref) {
      const value = await load(ref);
      if (value === "first") await save("a", "second", { version: "1", onConflict: "overwrite" });
      return { value };
    },
    async delete(ref, options) {
      const found = await registry.delete(ref, options);
      deleted.push(options!.ifCommit!);
      return found;
    },
  });
  assertEquals(await pop("a"), "second");
  assertEquals(deleted.length, 1);
  assertEquals(await has("a"), false);
});
