// Mirrors a registry that an earlier commit wrote.
import { assertEquals } from "@std/assert";
import { cp } from "node:fs/promises";
import { mirrorRegistry } from "../../mirrors/mod.ts";
import { openRegistry } from "../../mod.ts";
import { assertHolds } from "../registry/kept/assert_holds.ts";
import { KEPT } from "../registry/kept/values.ts";
import { testInRoot } from "../support/temp_root.ts";

testInRoot("a registry in the stored fixture is mirrored", async (root) => {
  const path = root.join("registry");
  await cp(KEPT, path, { recursive: true });
  const registry = await openRegistry(path, { create: false, durability: "os" });
  const copy = await openRegistry("memory:");
  assertEquals((await mirrorRegistry(registry, copy)).failures, []);
  await assertHolds(copy);
});
