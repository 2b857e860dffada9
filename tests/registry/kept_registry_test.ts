// Reads, writes, collects and mirrors a registry that an earlier commit wrote (`kept/write.ts`).
import { assert, assertEquals } from "@std/assert";
import { cp } from "node:fs/promises";
import type { Registry } from "../../core/registry.ts";
import { collectGarbage, mirrorRegistry, verifyRegistry } from "../../registry/maintenance.ts";
import { createLocalBackend, openRegistry } from "../../mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { KEPT, MANY_FILES, PAYLOAD } from "./kept/values.ts";
import { keysOf } from "./registries.ts";
import { collect, rejected } from "./rejected.ts";
import { withAge } from "./with_age.ts";
import { aliasesOf } from "../conformance/registry/registry_case.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

const VALUES: Record<string, unknown> = {
  "my:model@1": "first",
  "my:model@2": { answer: 42, big: 2n ** 70n },
  "my:model": { answer: 42, big: 2n ** 70n },
  "my:model@4.0.0-rc.1": "candidate",
  "my:model@production": { answer: 42, big: 2n ** 70n },
  "data/raw@1": PAYLOAD,
  "data/raw@2": PAYLOAD,
  "con": "compressed ".repeat(20_000),
  "many": MANY_FILES,
};
const VERSIONS = {
  con: ["1.0.0"],
  "data/raw": ["2.0.0", "1.0.0"],
  many: ["1.0.0"],
  "my:model": ["4.0.0-rc.1", "2.0.0", "1.0.0"],
};

async function assertHolds(registry: Registry): Promise<void> {
  const names = await collect(registry.names());
  assertEquals(names.toSorted(), Object.keys(VERSIONS));
  for (const [name, versions] of Object.entries(VERSIONS)) {
    const found = await collect(registry.versions(name));
    assertEquals(found.map(({ version }) => version), versions);
  }
  for (const [ref, value] of Object.entries(VALUES)) assertEquals(await registry.load(ref), value);
  assertEquals(await aliasesOf(registry, "my:model"), { production: "2.0.0" });
  const changes = await collect(registry.history("my:model", "été_🦊"));
  assertEquals(changes.map(({ version }) => version), [undefined, "1.0.0"]);
  const { version, metadata } = await registry.info("my:model@1");
  assertEquals([version, metadata], ["1.0.0+build.7", { accuracy: 0.5 }]);
  assertEquals((await registry.info("data/raw@2")).inputs, ["my:model@2"]);
  await rejected("NotFound", registry.load("my:model@3"));
  assertEquals((await verifyRegistry(registry)).problems, []);
}

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

    const copy = await openRegistry("memory:");
    assertEquals((await mirrorRegistry(registry, copy)).failures, []);
    await assertHolds(copy);
  } finally {
    await root.remove();
  }
});
