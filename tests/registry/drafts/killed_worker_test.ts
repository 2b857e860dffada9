import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { openFolder } from "../create_registry.ts";
import { runDeno } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { keysOf, noise } from "../registries.ts";
import { withAge } from "../with_age.ts";

testInRoot("a killed worker adds nothing, and another replaces it", async (root) => {
  const path = root.join("registry");
  const registry = await openFolder(path, { durability: "os" });
  const draft = await registry.openDraft("data", { id: "1" });
  await draft.addPart("1", [{ path: "1.bin", content: noise(300_000, 1) }]);
  const killed = await runDeno("tests/registry/drafts/killed_worker.ts", [path], {
    permissions: ["-A"],
  });
  assert(killed.code !== 0 && killed.stdout === "", killed.stdout + killed.stderr);
  assertEquals((await draft.info()).parts.map(({ part }) => part), ["1"]);
  const left = (await keysOf(registry.backend, "objects/")).length - 1;
  assert(left >= 1, "it had stored a file");

  assertEquals(
    (await draft.addPart("0", [{ path: "0/a.bin", content: noise(300_000, 3) }])).added,
    true,
  );
  assertEquals((await draft.commit({ parts: ["0", "1"] })).version, "1.0.0");
  const old = await openRegistry(
    withAge(createLocalBackend({ path, durability: "os" }), 8 * 86_400_000),
  );
  const { removed } = await collectGarbage(old);
  assertEquals([removed.payload.count, removed.draft.count], [0, 2], "the parts");
  const later = await collectGarbage(old, { now: true });
  assertEquals(later.removed.payload.count, left, "the leftovers of the killed worker");
  assertEquals((await (await registry.open("data")).file("0/a.bin").bytes()).byteLength, 300_000);
});
