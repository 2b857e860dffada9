// Pruning many names: one pass over the records shows which of them have a version to delete.
import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { PruneOptions } from "../../../../extensions/maintenance/pruning/mod.ts";
import { prune, pruneByRules } from "../../../../extensions/maintenance/pruning/mod.ts";
import { changeRules, collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { openRegistry, publishRelease } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { NAMES, recordKey, versionCell } from "../../../../registry/format/layout.ts";
import { parseVersion } from "../../../../core/naming/versions.ts";
import { withCounts } from "../../../bench/counted_backend.ts";
import { withAge } from "../../../registry/with_age.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import {
  createProtocolWorld,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
} from "../../../registry/protocol_world.ts";
import { testProtocol } from "../../../registry/protocol_world.ts";
import { rowsOfRun } from "../../../support/seeds.ts";

const FIRST = parseVersion("1");
const QUIET = 2_000;
const MUTABLE = { mutable: true };

/** Adds names of one version each. A record that is read fails: these bytes are none. */
async function addQuietNames(world: ProtocolWorld): Promise<void> {
  for (let n = 0; n < QUIET; n++) {
    const cell = versionCell(`quiet:${n}`, FIRST, true);
    await world.store.put(recordKey(cell, 1), new Uint8Array(1_000));
  }
}

async function countsOf(
  { store, system }: ProtocolWorld,
  action: (registry: Awaited<ReturnType<typeof openRegistry>>) => Promise<unknown>,
): Promise<Record<string, number>> {
  const { backend, calls: { counts, take } } = withCounts(store);
  const registry = await openRegistry(backend, { system });
  take();
  await action(registry);
  return counts;
}

const QUIET_RULES: Record<string, PruneOptions> = {
  "a count": { keepLast: 1 },
  "an age": { olderThanMs: HOUR },
  "a period": { keepWeekly: 3 },
  "a count and a condition": { keepLast: 1, keepWhere: () => false },
  "a count, a period and an age": { keepLast: 2, keepDaily: 3, olderThanMs: HOUR },
};

testProtocol("a quiet prune of many names costs one pass", async (world) => {
  await addQuietNames(world);
  for (const [what, rules] of rowsOfRun(Object.entries(QUIET_RULES))) {
    for (const dryRun of [true, false]) {
      const { list = 0, get = 0, head = 0, ...others } = await countsOf(world, async (registry) => {
        const report = await prune(registry, { ...rules, dryRun });
        assertEquals([report.kept, report.deleted, report.failures], [QUIET, [], []], what);
      });
      assertLessOrEqual(list, QUIET / 1_000 + 5, what);
      assertLessOrEqual(get + head, 2, what);
      assertEquals(others, rules.olderThanMs === undefined ? {} : { put: 1, delete: 1 }, what);
    }
  }
});

testProtocol("a prune lists only names with something to delete again", async (world) => {
  await addQuietNames(world);
  const busy = ["quiet:17:b", "quiet:2:b", "zz"];
  for (const name of busy) for (let n = 1; n <= 3; n++) await world.registry.save(name, n);
  const planned = await countsOf(world, async (registry) => {
    const { deleted } = await prune(registry, { keepLast: 1, dryRun: true });
    assertEquals(deleted.map(({ name }) => name), busy.flatMap((name) => [name, name]));
  });
  assertLessOrEqual(planned.list, QUIET / 1_000 + 5);
  assertEquals(planned.get, 1 + 3 * busy.length); // the rules, and each version
  const { registry, backend } = await world.open();
  const { deleted, kept } = await prune(registry, { keepLast: 1 });
  assertEquals([deleted.length, kept], [2 * busy.length, QUIET + busy.length]);
  const listed = new Set(
    backend.asked({ verb: "list", key: /^names\/./ }).map((call) => call.split("/")[1]),
  );
  assertEquals([...listed].sort(), ["quiet=3a17=3ab", "quiet=3a2=3ab", "zz"]);
});

testProtocol("a pattern costs a pass over its names", async (world) => {
  await addQuietNames(world);
  await world.registry.save("zz:a", 1);
  const { list = 0, get } = await countsOf(world, async (registry) => {
    const { kept } = await prune(registry, { keepLast: 1, names: ["zz:*"] });
    assertEquals(kept, 1);
  });
  assertLessOrEqual(list, 5);
  assertEquals(get, 1);
});

testProtocol("a name that is given is listed once for a plan", async ({ registry, backend }) => {
  for (let n = 1; n <= 3; n++) await registry.save("a", n);
  backend.forget();
  let planned: string[] = [];
  const confirm = () => {
    planned = backend.asked({ verb: "list", key: /^names\/a\// });
    return true;
  };
  assertEquals((await prune(registry, { keepLast: 1, names: ["a"], confirm })).deleted.length, 2);
  assertEquals(planned.sort(), [
    "list names/a/aliases/",
    "list names/a/versions/", // it exists
    "list names/a/versions/final/",
    "list names/a/versions/prerelease/",
  ]);
});

/** Changes of `a` after the pass listed it. Each protects version 1. */
const CHANGES: Record<string, [PruneOptions, (world: ProtocolWorld) => Promise<unknown>]> = {
  "an alias is set to it": [{ keepLast: 1 }, ({ registry }) => registry.setAlias("a", "live", "1")],
  "an alias may be rolled back to it": [{ keepLast: 1 }, async ({ registry }) => {
    for (const version of ["1", "3"]) await registry.setAlias("a", "live", version);
  }],
  "a release names it": [
    { keepLast: 1 },
    ({ registry }) => publishRelease(registry, "serving", { a: "a@1" }),
  ],
  "it gets a label": [
    { keepLast: 1, keepWhere: ({ annotations }) => annotations?.labels.keep === true },
    ({ registry }) => annotate(registry, "a@1", { labels: { keep: true } }),
  ],
  "it is overwritten": [
    { olderThanMs: HOUR },
    ({ registry }) => registry.save("a", "new", { version: "1", onConflict: "overwrite" }),
  ],
  "newer versions are deleted": [{ keepLast: 1 }, async ({ registry }) => {
    for (const version of ["3", "2"]) await registry.delete(`a@${version}`);
  }],
  "it is deleted and restored": [{ keepLast: 1 }, async ({ registry }) => {
    await registry.delete("a@1");
    await registry.undelete("a@1");
  }],
  "a rule protects its name": [
    { keepLast: 1 },
    ({ registry }) => changeRules(registry, { set: { pattern: "a", protect: true } }),
  ],
};

/** Returns a world in which `change` happens when the pass has listed all names. */
async function changing(
  world: ProtocolWorld,
  change: (world: ProtocolWorld) => Promise<unknown>,
) {
  let isOver = false;
  const backend = withHooks(world.store, {
    async after({ verb, key }) {
      if (isOver || verb !== "list" || key !== NAMES) return;
      isOver = true;
      await change(world);
    },
  });
  return await openRegistry(backend, { system: world.system });
}

for (const [what, [options, change]] of Object.entries(CHANGES)) {
  Deno.test(`prune() keeps a version if after the pass ${what}`, async () => {
    const world = await createProtocolWorld(MUTABLE);
    for (let n = 1; n <= 3; n++) await world.registry.save("a", n);
    world.advance(2 * HOUR);
    await prune(await changing(world, change), options);
    assertEquals(await world.registry.has("a@1"), true);
  });
}

testProtocol("prune() ignores records that are replaced after the pass", MUTABLE, async (world) => {
  const { registry } = world;
  for (let n = 1; n <= 3; n++) await registry.save("a", n);
  await registry.setAlias("a", "live", "3");
  const overwrite = () => registry.save("a", "new", { version: "1", onConflict: "overwrite" });
  await overwrite();
  const changed = await changing(world, async () => {
    await overwrite();
    await registry.setAlias("a", "live", "2");
    world.advance(2 * GRACE_MS);
    await collectGarbage(registry); // the listed record of version 1
  });
  const { deleted, kept, failures } = await prune(changed, { keepLast: 1, dryRun: true });
  assertEquals([deleted, kept, failures], [[{ name: "a", version: "1.0.0" }], 2, []]);
});

testProtocol("rules by age and label read no version that is young", async (world) => {
  const keepWhere = "labels.keep = true";
  for (let n = 1; n <= 4; n++) await world.registry.save("a", n);
  await changeRules(world.registry, { set: { pattern: "*", keepWhere, olderThanMs: HOUR } });
  const { get } = await countsOf(world, async (registry) => {
    assertEquals((await pruneByRules(registry)).kept, 4);
  });
  assertEquals(get, 1); // the rules
  const aged = await openRegistry(withAge(world.store, 2 * HOUR), { system: world.system });
  assertEquals((await pruneByRules(aged, { dryRun: true })).deleted.length, 4);
});
