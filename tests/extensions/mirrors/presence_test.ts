import { assertEquals } from "@std/assert";
import fs from "node:fs";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { rejected } from "../../registry/rejected.ts";
import { testInRoot } from "../../support/temp_root.ts";

testInRoot("a mirror writes nothing into a registry whose folder is gone", async (root) => {
  const path = root.join("registry");
  const registry = await openRegistry(path, { mutable: true, durability: "os" });
  await registry.save("a", "first");
  const from = await openRegistry("memory:", { mutable: true });
  await from.save("m", "x");
  fs.renameSync(path, `${path}.away`);
  await rejected("Unavailable", mirrorRegistry(from, registry), /gone|in its place/);
  assertEquals(fs.existsSync(path), false);
  fs.renameSync(`${path}.away`, path);
  assertEquals((await mirrorRegistry(from, registry)).copied, 1);
});
