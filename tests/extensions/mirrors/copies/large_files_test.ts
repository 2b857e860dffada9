import { assertEquals } from "@std/assert";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { stream, VALUE } from "../../../registry/payload/large/large_files.ts";
import { testInMemory } from "../../../registry/registries.ts";

testInMemory("a file of many parts is mirrored", async ({ registry }) => {
  await registry.save("a", stream());
  await registry.save("a", VALUE, { base: "a@1" });
  const there = await openRegistry("memory:");
  assertEquals((await mirrorRegistry(registry, there)).failures, []);
  for (const ref of ["a@1", "a@2"]) assertEquals(await there.load(ref), VALUE);
});
