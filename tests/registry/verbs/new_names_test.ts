import { assertEquals } from "@std/assert";
import { collect, rejected } from "../rejected.ts";
import { saveOld } from "../old_names.ts";
import { testInMemory } from "../registries.ts";

const ODD = ["*", "a*b", ".", "..", "../x", "a/../b", "a/.", "-x"];
const FINE = ["a.b", ".hidden", "a..b", "a/-x", "...", "x-"];

testInMemory("new names do not read like a pattern, a path or an option", async ({ registry }) => {
  await registry.save("fine", 1);
  for (const odd of ODD) {
    await rejected("Invalid", registry.save(odd, 1), /Use a name without/);
    await rejected("Invalid", registry.copy("fine", odd));
    await rejected("Invalid", registry.setAlias("fine", odd, "1"));
    await rejected("Invalid", (async () => await registry.openDraft(odd, { id: "a" }))());
  }
  for (const name of FINE) {
    await registry.save(name, 1);
    await registry.copy("fine", `copies/${name}`);
  }
  assertEquals(await collect(registry.versions("*")), []);
});

testInMemory("old names of that kind are read and deleted", async ({ registry }) => {
  for (const odd of ODD) await saveOld(registry, odd);
  for (const odd of ODD) {
    assertEquals(await registry.load(`${odd}@..`), odd);
    assertEquals(await registry.delete(odd, { version: "1.0.0", force: true }), true);
  }
  assertEquals(await collect(registry.names()), []);
});
