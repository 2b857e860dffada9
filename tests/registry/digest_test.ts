import { assertEquals } from "@std/assert";
import { digestOfValue, openRegistry } from "../../mod.ts";

Deno.test("digestOfValue() takes the value as it is when it is called, as save() does", async () => {
  const registry = await openRegistry("memory:");
  const { digest } = await registry.save("a", { depth: 12 });
  const value = { depth: 12 };
  const pending = digestOfValue(registry, value);
  value.depth = 13;
  assertEquals(await pending, digest);
});
