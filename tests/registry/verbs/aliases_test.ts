import { assertEquals } from "@std/assert";
import { keysOf, testOnEach } from "../registries.ts";

testOnEach(
  "setAlias() by many at once fails for nobody, and the last one counts",
  async ({ registry, backend }) => {
    for (let i = 1; i <= 8; i++) await registry.save("a", i, { version: `${i}` });
    await Promise.all(Array.from({ length: 8 }, (_, i) => registry.setAlias("a", "p", `${i + 1}`)));
    assertEquals((await keysOf(backend, "names/a/aliases/")).length, 8);
    assertEquals(Object.keys(await registry.aliases("a")), ["p"]);
  },
);
