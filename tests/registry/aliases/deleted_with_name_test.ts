// Aliases that are deleted with all versions of their name.
import { assertEquals } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { withHooks } from "../with_hooks.ts";

Deno.test("an alias that is set while its name is deleted stays, and the others go", async () => {
  const store = createMemoryBackend();
  const other = await openRegistry(store);
  await other.save("a", 1);
  for (const alias of ["canary", "live", "production"]) await other.setAlias("a", alias, "1");
  const registry = await openRegistry(
    withHooks(store, {
      async before({ create, key }) {
        if (!create || !key.includes("/canary/")) return;
        await other.save("a", 2);
        await other.setAlias("a", "canary", "2");
      },
    }),
    { cache: false },
  );
  await registry.delete("a", { allVersions: true, force: true });
  assertEquals(await aliasesOf(other, "a"), { canary: "2.0.0" });
});
