import { assert, assertEquals } from "@std/assert";
import { TOMBSTONE_BYTES } from "../../../../registry/format/record_codec.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import {
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
  testProtocol,
} from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";
import { doing, pass as asUsual } from "../../../registry/scripted_backend.ts";

const DAY_MS = 24 * HOUR;
const MONTH_MS = 30 * DAY_MS;
const FORGET = { forget: true };

/** Collects garbage after each of these times, milliseconds. */
async function pass(
  { registry, advance }: ProtocolWorld,
  ms: number,
  times = 1,
  options = {},
): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    advance(ms);
    assertEquals((await collectGarbage(registry, options)).failures, []);
  }
}

async function kept({ keys }: ProtocolWorld): Promise<string[]> {
  return (await keys()).filter((key) => !/^(settings|gc|lineage)\//.test(key));
}

testProtocol(
  "deleted versions leave one tombstone each, and none of their keys",
  {},
  async (world) => {
    const { registry, store, advance } = world;
    for (let n = 1; n <= 300; n++) await registry.save("a", n, { idempotencyKey: `k${n}` });
    await registry.delete("a", { allVersions: true });
    assertEquals((await world.keys()).length, 901);
    await pass(world, 2 * GRACE_MS, 2);
    assertEquals((await kept(world)).length, 600, "the keys are good for a month");
    for await (const entry of store.list("names/a/versions/")) {
      assert(
        "key" in entry && entry.size === TOMBSTONE_BYTES &&
          entry.key.endsWith("/9007199254740990.rec"),
      );
    }
    advance(MONTH_MS);
    const { removed } = await collectGarbage(registry);
    assertEquals(removed.key.count, 300);
    assertEquals((await kept(world)).length, 300);
    await pass(world, MONTH_MS, 3);
    assertEquals((await kept(world)).length, 300);
    await rejected("AlreadyExists", registry.save("a", "again", { version: "7" }));
    assertEquals((await registry.save("a", "next")).version, "301.0.0");
  },
);

testProtocol(
  "the first record becomes a tombstone a grace before the one above it goes",
  {},
  async (world) => {
    const { registry, records } = world;
    const { commit, digest, createdAt: savedAt } = await registry.save("a", noise(70_000));
    await pass(world, 5);
    await registry.delete("a", { allVersions: true });
    await pass(world, GRACE_MS + 1);
    const [head, first] = await records("names/a/");
    assertEquals([head.kind, head.generation, head.previous], ["deleted", 2, commit]);
    const { format, startedAt, createdAt } = head; // the times of the deletion
    const since = savedAt.toISOString();
    assert(createdAt > since);
    assertEquals(first, {
      format,
      generation: 1,
      commit,
      startedAt,
      createdAt,
      kind: "deleted",
      digest,
      since,
    });
    await pass(world, GRACE_MS);
    assertEquals((await records("names/a/")).length, 2);
    await pass(world, 1);
    assertEquals(await records("names/a/"), [first]);
    assertEquals(await registry.delete("a@1"), false);
    assert((await rejected("NotFound", registry.load("a@1"))).message.includes("it was deleted"));
    assertEquals(await Array.fromAsync(registry.names()), []);
  },
);

testProtocol("a run that takes too long says that it forgot no more names", {
  leastGraceMs: HOUR,
}, async (world) => {
  const { registry, backend, advance } = world;
  for (const name of ["a", "b", "c"]) await registry.save(name, 1);
  for (const name of ["a", "b", "c"]) await registry.delete(name, { allVersions: true });
  await pass(world, 2 * GRACE_MS, 2);
  advance(2 * MONTH_MS);
  backend.answer({ verb: "list", key: /^objects\/b\// }, doing(() => advance(HOUR / 4 + 1)));
  const { failures } = await collectGarbage(registry, FORGET);
  assertEquals(failures.map(({ key: _, ...failure }) => failure), [
    { message: "Cannot forget more names: the run began more than 15 minutes ago" },
  ]);
  assert((await world.keys("names/")).length > 0);
  assertEquals((await collectGarbage(registry, FORGET)).failures, []);
  assertEquals(await world.keys("names/"), []);
});

testProtocol(
  "a cell that may be written above keeps its head",
  { mutable: true },
  async (world) => {
    const { registry, records } = world;
    await registry.save("a", 1, { version: "1" });
    await registry.delete("a", { allVersions: true });
    await pass(world, 2 * GRACE_MS, 40);
    assertEquals((await records("names/a/")).map(({ kind }) => kind), ["deleted", "scrubbed"]);
    await registry.save("a", 3, { version: "1", onConflict: "overwrite" });
    assertEquals((await records("names/a/"))[0].generation, 3);
  },
);

testProtocol(
  "a key whose version was deleted stays used while it is remembered",
  {},
  async (world) => {
    const { registry } = world;
    const repeat = () => registry.save("a", "mine", { idempotencyKey: "k" });
    const { version } = await repeat();
    await registry.save("a", "other");
    await registry.delete(`a@${version}`);
    await rejected("Conflict", repeat());
    for (let turn = 0; turn < 10; turn++) {
      await pass(world, 2 * GRACE_MS);
      await rejected("Conflict", repeat());
    }
    await pass(world, 11 * GRACE_MS, 1, { all: true });
    assertEquals((await repeat()).version, "3.0.0", "after a month the key is free");
  },
);

testProtocol(
  "a key is remembered for a month after its last use, or 30 graces",
  {},
  async (world) => {
    const { registry, keys } = world;
    const repeat = () => registry.save("a", "mine", { idempotencyKey: "k" });
    await repeat();
    await pass(world, MONTH_MS);
    assertEquals((await repeat()).version, "1.0.0");
    const look = { dryRun: true, all: true };
    assertEquals((await collectGarbage(registry, look)).removed.key.count, 0);
    world.advance(1);
    assertEquals((await collectGarbage(registry, look)).removed.key.count, 1);
    assertEquals((await keys("names/a/keys/")).length, 1);
    await pass(world, 0, 1, { all: true });
    assertEquals((await keys("names/a/keys/")).length, 0);
    assertEquals((await repeat()).version, "2.0.0");
  },
);

for (const mutable of [false, true]) {
  testProtocol(
    `a name deleted a month ago is forgotten on request (mutable: ${mutable})`,
    { mutable },
    async (world) => {
      const { registry, advance } = world;
      for (const name of ["gone", "alive", "young"]) {
        for (let n = 1; n <= 3; n++) {
          await registry.save(name, noise(70_000, n), { idempotencyKey: `k${n}` });
        }
        await registry.setAlias(name, "live", "1");
        await registry.setAlias(name, "live", "2");
        await registry.deleteAlias(name, "live");
      }
      if (mutable) await registry.save("gone", "over", { version: "1", onConflict: "overwrite" });
      await registry.delete("gone", { allVersions: true });
      await registry.delete("alive@1");
      await pass(world, 2 * GRACE_MS, 2);
      await registry.delete("young", { allVersions: true });
      await pass(world, MONTH_MS - 3 * DAY_MS, 1, FORGET);
      assert((await kept(world)).some((key) => key.startsWith("names/gone/")));
      advance(2 * GRACE_MS);
      const dry = await collectGarbage(registry, { ...FORGET, dryRun: true });
      const { removed, failures } = await collectGarbage(registry, FORGET);
      assertEquals(removed, dry.removed);
      assertEquals([failures, removed.name.count > 0], [[], true]);
      assertEquals((await kept(world)).filter((key) => key.includes("/gone/")), []);
      assertEquals((await registry.info("alive")).version, "3.0.0");
      await rejected("AlreadyExists", registry.save("alive", 0, { version: "1" }));
      await rejected("AlreadyExists", registry.save("young", 0, { version: "1" }));
      assertEquals((await registry.save("gone", "new life")).version, "1.0.0");
      assertEquals(await registry.load("gone"), "new life");
    },
  );
}

testProtocol("the history of an alias is kept for ever", {}, async (world) => {
  const { registry, keys } = world;
  for (let n = 1; n <= 2; n++) await registry.save("a", n);
  for (const version of ["1", "2", "1", "2"]) await registry.setAlias("a", "live", version);
  await pass(world, MONTH_MS, 3, FORGET);
  assertEquals((await keys("names/a/aliases/")).length, 4);
});

testProtocol("a name with live, young or stored data is not forgotten", {}, async (world) => {
  const { registry, store, advance, keys } = world;
  for (const name of ["alias", "payload", "key"]) {
    await registry.save(name, 1);
    await registry.setAlias(name, "live", "1");
    await registry.delete(`${name}@1`, { force: true }); // the alias stays
  }
  await pass(world, 2 * GRACE_MS, 2);
  advance(MONTH_MS);
  await store.put(
    "objects/payload/p8p9p9/01951e2f-6c00-7abc-8def-0123456789ab/0",
    new Uint8Array(3),
  );
  await registry.deleteAlias("alias", "live");
  await rejected("AlreadyExists", registry.save("key", 2, { version: "1", idempotencyKey: "k" }));
  await pass(world, 0, 1, FORGET);
  for (const name of ["alias", "payload"]) {
    assertEquals((await keys(`names/${name}/versions/`)).length, 1);
  }
});

const LOWERED = { leastGraceMs: HOUR };

for (
  const meanwhile of ["somebody saves under it", "a quarter of the least grace passes"] as const
) {
  testProtocol(
    `a name stays where ${meanwhile} while it is about to be forgotten`,
    LOWERED,
    async (world) => {
      const { registry, open, advance, keys } = world;
      for (let n = 1; n <= 3; n++) await registry.save("gone", n);
      await registry.delete("gone", { allVersions: true });
      await pass(world, 2 * GRACE_MS, 2);
      advance(MONTH_MS);
      const before = await keys("names/");
      const collector = await open();
      const stands = doing(async () => {
        if (meanwhile === "somebody saves under it") await registry.save("gone", "new");
        else advance(HOUR / 4 + 1, "wall", "monotonic");
      });
      const LISTS = { verb: "list", key: /^names\/gone\/$/ } as const;
      collector.backend.answer(LISTS, asUsual, stands);
      assertEquals((await collectGarbage(collector.registry, FORGET)).removed.name.count, 0);
      assertEquals((await keys("names/")).filter((key) => before.includes(key)), before);
      if (meanwhile === "somebody saves under it") {
        assertEquals(await registry.load("gone@4"), "new");
      }
    },
  );
}
