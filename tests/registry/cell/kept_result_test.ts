// A key returns its first result, even if that was a version of another save.
import { assert, assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { filler, GRACE_MS, HOUR, testProtocol } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { doing, lostReply } from "../scripted_backend.ts";

const KEY = { idempotencyKey: "run 7" };
const UNCHANGED = { ...KEY, skipIfUnchanged: true };
const SKIP = { ...KEY, version: "1.0.0", onConflict: "skip" } as const;
const MUTABLE = { mutable: true };
const VERSION = { verb: "put", mode: "create", key: /versions/ } as const;
const KEY_RECORD = { verb: "put", mode: "create", key: /keys/ } as const;

for (const value of ["small", filler("large")]) {
  const size = typeof value === "string" ? "small" : "large";

  testProtocol(
    `a keyed save without changes has the same result again: ${size}`,
    async ({ registry, keys }) => {
      const first = await registry.save("a", value);
      const kept = await registry.save("a", value, UNCHANGED);
      assertEquals(kept, { ...first, skipped: true, addedBytes: 0 });
      await registry.save("a", "something else");
      assertEquals(await registry.save("a", value, UNCHANGED), kept);
      assertEquals(await registry.save("a", "anything", KEY), kept);
      assertEquals((await keys("names/a/versions/")).length, 2);
    },
  );

  testProtocol(
    `a keyed save that skips has the same result again: ${size}`,
    MUTABLE,
    async ({ registry, keys }) => {
      const first = await registry.save("a", value, { version: "1" });
      const kept = await registry.save("a", "mine", SKIP);
      assertEquals(kept, { ...first, skipped: true, addedBytes: 0 });
      await registry.save("a", "over", { version: "1", onConflict: "overwrite" });
      assertEquals(await registry.save("a", "mine", SKIP), kept);
      await registry.delete("a@1");
      await rejected("Conflict", registry.save("a", "mine", SKIP));
      assertEquals((await keys("names/a/versions/")).length, 3);
    },
  );
}

testProtocol(
  "a keyed save that skips after a lost race has the same result again",
  MUTABLE,
  async (world) => {
    const { registry, backend, open } = world;
    const rival = await open();
    backend.answer(VERSION, doing(() => rival.registry.save("a", "theirs", { version: "1" })));
    const kept = await registry.save("a", "mine", SKIP);
    assert(kept.skipped);
    await rival.registry.save("a", "over", { version: "1", onConflict: "overwrite" });
    assertEquals(await registry.save("a", "mine", SKIP), kept);
  },
);

testProtocol("a save without changes is detected before the key gets a target", async (world) => {
  const { registry, open, backend, keys, records } = world;
  await registry.save("a", filler("same"));
  const crashed = await open();
  const stopped = Promise.withResolvers<void>();
  crashed.backend.answer(KEY_RECORD, () => (stopped.resolve(), new Promise(() => {})));
  crashed.registry.save("a", filler("same"), UNCHANGED).catch(() => {});
  await stopped.promise;
  const twin = await open();
  backend.answer(KEY_RECORD, doing(() => twin.registry.save("a", filler("same"), UNCHANGED)));
  assertEquals((await registry.save("a", filler("same"), UNCHANGED)).version, "1.0.0");
  assertEquals((await records("names/a/keys/")).length, 1);
  assertEquals((await keys("names/a/versions/")).length, 1);
});

testProtocol("a save without changes follows a concurrent save with its key", async (world) => {
  const { registry, open, backend, keys } = world;
  const value = filler("same");
  await registry.save("a", value);
  // The second save had seen another latest version, and paused after its key's record.
  const twin = await open();
  const held = Promise.withResolvers<void>();
  twin.backend.answer(VERSION, () => (held.resolve(), new Promise(() => {})));
  backend.answer(
    KEY_RECORD,
    doing(async () => {
      twin.registry.save("a", value, { ...KEY }).catch(() => {});
      await held.promise;
    }),
  );
  const saved = await registry.save("a", value, UNCHANGED);
  assertEquals([saved.version, saved.skipped], ["2.0.0", false]);
  assertEquals(await registry.save("a", value, UNCHANGED), {
    ...saved,
    skipped: true,
    addedBytes: 0,
  });
  assertEquals((await keys("names/a/versions/")).length, 2);
});

testProtocol("concurrent saves with one key have one result", MUTABLE, async (world) => {
  const { registry, open, backend } = world;
  await registry.save("a", "one");
  const twin = await open();
  const results: unknown[] = [];
  backend.answer(
    KEY_RECORD,
    doing(async () => {
      await twin.registry.save("a", "two");
      results.push((await twin.registry.save("a", "one", UNCHANGED)).commit);
    }),
  );
  results.push((await registry.save("a", "one", UNCHANGED)).commit);
  assertEquals(new Set(results).size, 1);
});

testProtocol("the record of a kept result is committed by the same protocol", async (world) => {
  const { registry, backend, records } = world;
  const first = await registry.save("a", "one");
  backend.answer(KEY_RECORD, lostReply);
  assertEquals(await registry.save("a", "one", UNCHANGED), {
    ...first,
    skipped: true,
    addedBytes: 0,
  });
  assertEquals((await records("names/a/keys/")).length, 1);
});

testProtocol(
  "a kept result that was replaced and collected is a conflict, never another save",
  MUTABLE,
  async (world) => {
    const { registry, advance, keys } = world;
    await registry.save("a", filler("one"), { version: "1" });
    await registry.save("a", filler("mine"), SKIP);
    await registry.save("a", "two", { version: "1", onConflict: "overwrite" });
    advance(2 * GRACE_MS);
    await collectGarbage(registry);
    await rejected("Conflict", registry.save("a", filler("mine"), SKIP));
    for (const key of await keys("names/a/versions/")) await world.store.delete(key);
    await rejected("Conflict", registry.save("a", filler("mine"), SKIP));
  },
);

testProtocol("a repeat does not need the base of its first run", async ({ registry }) => {
  await registry.save("a", "one");
  const kept = await registry.save("a", "one", { ...UNCHANGED, base: "a@1" });
  assertEquals(await registry.save("a", "one", { ...UNCHANGED, base: "a@9" }), kept);
});

for (const value of ["small", filler("large")]) {
  const size = typeof value === "string" ? "small" : "large";
  testProtocol(
    `a save with a base of another name saves under its own: ${size}`,
    async ({ registry }) => {
      await registry.save("b", value);
      for (const more of [{}, KEY]) {
        const saved = await registry.save("a", value, {
          base: "b@1",
          skipIfUnchanged: true,
          ...more,
        });
        assertEquals([saved.name, saved.skipped], ["a", false]);
      }
      assertEquals(await registry.load("a"), value);
    },
  );
}

testProtocol("an expiring record is not the result of a save without changes", async (world) => {
  const { registry, backend, advance, clocks } = world;
  const value = filler("one");
  // It lands so late that a collector may remove its payload.
  backend.answer(VERSION, doing(() => advance(13 * HOUR, "store")));
  await rejected("Unknown", registry.save("a", value));
  clocks.wall = clocks.store;
  const saved = await registry.save("a", value, { skipIfUnchanged: true });
  assertEquals([saved.version, saved.skipped], ["2.0.0", false]);
});

testProtocol(
  "a kept result replaced by another commit, as after a restore, is a conflict",
  async (world) => {
    const { registry, open, keys, store } = world;
    await registry.save("a", "one");
    await registry.save("a", "one", UNCHANGED);
    for (const key of await keys("names/a/versions/")) await store.delete(key);
    await (await open()).registry.save("a", "other");
    await rejected("Conflict", registry.save("a", "one", UNCHANGED));
  },
);
