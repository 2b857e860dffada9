import { assert, assertEquals, assertMatch } from "@std/assert";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach(
  "save() refuses a version that exists, and changes nothing",
  async ({ registry, backend }) => {
    await registry.save("a", "old", { version: "1.0.0" });
    const before = await keysOf(backend);
    const error = await rejected("AlreadyExists", registry.save("a", "new", { version: "1" }));
    assertMatch(error.message, /^Cannot save "a@1\.0\.0": version exists$/);
    assertMatch(error.hint!, /never reused/);
    await rejected(
      "AlreadyExists",
      registry.save("a", noise(400_000), { version: "1", onConflict: "fail" }),
    );
    assertEquals(await keysOf(backend), before);
    assertEquals(await registry.load("a"), "old");
  },
);

testOnEach("save() refuses a version that was deleted, and says so", async ({ registry }) => {
  await registry.save("a", "old", { version: "1.0.0" });
  await registry.delete("a@1.0.0");
  const error = await rejected("AlreadyExists", registry.save("a", "new", { version: "1.0.0" }));
  assertMatch(error.message, /deleted/);
  await rejected(
    "AlreadyExists",
    registry.save("a", "new", { version: "1.0.0", onConflict: "skip" }),
  );
  assertEquals(await registry.has("a@1.0.0"), false);
});

testOnEach(
  "save() returns the version that exists with onConflict: skip",
  async ({ registry, backend }) => {
    const first = await registry.save("a", "old", { version: "1.0.0" });
    const before = await keysOf(backend);
    for (const value of ["new", noise(400_000)]) {
      const skipped = await registry.save("a", value, { version: "1.0.0", onConflict: "skip" });
      assertEquals(skipped, { ...first, skipped: true, addedBytes: 0 });
    }
    assertEquals(await keysOf(backend), before);
    assertEquals(
      (await registry.save("a", "two", { version: "2", onConflict: "skip" })).skipped,
      false,
    );
  },
);

testInMemory(
  "save() refuses to overwrite in a registry that is not mutable",
  async ({ registry }) => {
    await registry.save("a", 1, { version: "1" });
    const error = await rejected(
      "Invalid",
      registry.save("a", 2, { version: "1", onConflict: "overwrite" }),
    );
    assertMatch(error.hint!, /mutable/);
    await rejected(
      "Invalid",
      registry.save("a", 2, { version: "1", ifCommit: (await registry.info("a")).commit }),
    );
    await rejected("Invalid", registry.save("a", 2, { onConflict: "replace" as "fail" }));
  },
);

testOnEach(
  "save() overwrites in a mutable registry, also what was deleted",
  async ({ registry }) => {
    const first = await registry.save("a", "one", { version: "1" });
    await rejected("AlreadyExists", registry.save("a", "two", { version: "1" }));
    const second = await registry.save("a", noise(400_000), {
      version: "1",
      onConflict: "overwrite",
    });
    assert(second.commit !== first.commit);
    assertEquals(await registry.load("a"), noise(400_000));
    assertEquals((await registry.info("a")).generation, 2);
    await registry.delete("a@1");
    await rejected("AlreadyExists", registry.save("a", "x", { version: "1" }));
    await registry.save("a", "four", { version: "1", onConflict: "overwrite" });
    assertEquals(await registry.load("a"), "four");
    assertEquals((await registry.info("a")).generation, 4);
    assertEquals((await collect(registry.versions("a"))).map(({ version }) => version), ["1.0.0"]);
  },
  { mutable: true },
);

testOnEach("save() keeps the old value when an overwrite fails", async ({ registry }) => {
  await registry.save("a", "one", { version: "1" });
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(noise(300_000));
      controller.error(new Error("cable cut"));
    },
  });
  await rejected(
    "TaskFailed",
    registry.save("a", broken, { version: "1", onConflict: "overwrite" }),
  );
  assertEquals(await registry.load("a@1"), "one");
}, { mutable: true });

testOnEach("save() with ifCommit overwrites only that commit", async ({ registry }) => {
  const first = await registry.save("a", "one", { version: "1" });
  const second = await registry.save("a", "two", { version: "1", ifCommit: first.commit });
  assertEquals(await registry.load("a"), "two");
  const error = await rejected(
    "Conflict",
    registry.save("a", "three", { version: "1", ifCommit: first.commit }),
  );
  assertMatch(error.message, /another commit/);
  await rejected("Conflict", registry.save("a", "x", { version: "2", ifCommit: first.commit }));
  assertEquals(await registry.has("a@2"), false);
  await registry.delete("a@1");
  const gone = await rejected(
    "Conflict",
    registry.save("a", "x", { version: "1", ifCommit: second.commit }),
  );
  assertMatch(gone.message, /deleted/);
  await rejected("Invalid", registry.save("a", "x", { ifCommit: second.commit }));
}, { mutable: true });

testOnEach("save() with ifCommit has one winner among many at once", async ({ registry }) => {
  const { commit: ifCommit } = await registry.save("a", -1, { version: "1" });
  const tries = Array.from(
    { length: 8 },
    (_, i) => registry.save("a", i, { version: "1", ifCommit }),
  );
  const outcomes = await Promise.allSettled(tries);
  const won = outcomes.flatMap((outcome, i) => outcome.status === "fulfilled" ? [i] : []);
  assertEquals(won.length, 1);
  assertEquals(await registry.load("a"), won[0]);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") assertEquals(outcome.reason.code, "Conflict");
  }
}, { mutable: true });

testOnEach(
  "save() of one version by many at once has one winner, the others hear that it exists",
  async ({ registry }) => {
    const tries = Array.from({ length: 8 }, (_, i) => registry.save("a", i, { version: "1" }));
    const outcomes = await Promise.allSettled(tries);
    const won = outcomes.flatMap((outcome, i) => outcome.status === "fulfilled" ? [i] : []);
    assertEquals(won.length, 1);
    assertEquals(await registry.load("a"), won[0]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assertEquals(outcome.reason.code, "AlreadyExists");
    }
  },
);

testOnEach(
  "save() keeps one value per name where the registry is not versioned",
  async ({ registry }) => {
    assertEquals((await registry.save("a", 1)).version, "1.0.0");
    const error = await rejected("AlreadyExists", registry.save("a", 2));
    assertMatch(error.hint!, /one value per name/);
    await rejected("Invalid", registry.save("a", 2, { version: "2" }));
    await rejected("Invalid", registry.save("a", 2, { onConflict: "overwrite" }));
    assertEquals((await registry.save("a", 2, { onConflict: "skip" })).skipped, true);
    assertEquals(await registry.load("a"), 1);
    assertEquals(await registry.load("a@1.0.0"), 1);
    assertEquals(await registry.has("a@2.0.0"), false);
  },
  { versioned: false },
);

testOnEach(
  "save() replaces the value where the registry is mutable and not versioned",
  async ({ registry, backend }) => {
    const first = await registry.save("a", noise(400_000));
    await registry.save("a", "two", { onConflict: "overwrite" });
    await rejected("Conflict", registry.save("a", "x", { ifCommit: first.commit }));
    assertEquals(await registry.load("a"), "two");
    assertEquals((await registry.info("a")).version, "1.0.0");
    assertEquals((await keysOf(backend, "names/")).length, 2);
    assertEquals(await registry.delete("a", { allVersions: true }), true);
    await registry.save("a", "three", { onConflict: "overwrite" });
    assertEquals(await registry.load("a"), "three");
  },
  { versioned: false, mutable: true },
);

testOnEach(
  "save() writes nothing with skipIfUnchanged where the content is that of the base",
  async ({ registry, backend }) => {
    for (const value of ["small", noise(700_000)]) {
      const first = await registry.save("a", value);
      const before = await keysOf(backend);
      const again = await registry.save("a", value, {
        skipIfUnchanged: true,
        metadata: { other: true },
      });
      assertEquals(again, { ...first, skipped: true, addedBytes: 0 });
      assertEquals(await keysOf(backend), before);
    }
    assertEquals((await registry.save("a", "changed", { skipIfUnchanged: true })).version, "3.0.0");
    const base = await registry.save("a", "small", { skipIfUnchanged: true, base: "a@1.0.0" });
    assertEquals([base.version, base.skipped], ["1.0.0", true]);
  },
);
