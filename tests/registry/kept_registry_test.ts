// Reads, writes and collects a registry that an earlier commit wrote (`kept/write.ts`).
import { assert, assertEquals } from "@std/assert";
import { cp } from "node:fs/promises";
import { collectGarbage } from "../../extensions/maintenance/mod.ts";
import { createLocalBackend, openRegistry } from "../../mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { assertHolds } from "./kept/assert_holds.ts";
import { KEPT } from "./kept/values.ts";
import { keysOf } from "./registries.ts";
import { rejected } from "./rejected.ts";
import { withAge } from "./with_age.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

Deno.test("a registry in the stored fixture is read and written", async () => {
  const root = await tempRoot();
  try {
    const path = root.join("registry");
    await cp(KEPT, path, { recursive: true });
    const backend = createLocalBackend({ path, durability: "os" });
    const registry = await openRegistry(backend, { create: false });
    const { versioned, mutable, graceMs, leastGraceMs, locking } = registry.settings;
    assertEquals([versioned, mutable, graceMs, leastGraceMs], [true, false, 86_400_000, 3_600_000]);
    assertEquals(locking, "link");
    await assertHolds(registry);

    const keyed = await registry.save("my:model", "never saved", { idempotencyKey: "run 7" });
    assertEquals([keyed.version, keyed.skipped], ["2.0.0", true]);
    await rejected("AlreadyExists", registry.save("my:model", "x", { version: "3" }));
    assertEquals(await registry.delete("my:model@3"), false);
    const objects = await keysOf(backend, "objects/data=2fraw/");
    assertEquals(objects.length, 1, "the second version shares the file");
    assertEquals((await registry.copy("data/raw@1", "data/raw")).version, "3.0.0");
    assertEquals(await keysOf(backend, "objects/data=2fraw/"), objects);
    assertEquals(await registry.delete("data/raw@3"), true);

    const { failures, removed } = await collectGarbage(
      await openRegistry(withAge(backend, WEEK_MS)),
    );
    assertEquals([failures, removed.payload.count], [[], 0]);
    const saved = await registry.save("my:model", "new");
    assertEquals(saved.version, "4.0.0");
    assert(await registry.delete("my:model@4", { force: true }));
    await assertHolds(registry);
  } finally {
    await root.remove();
  }
});
