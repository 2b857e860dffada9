import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SavedArtifact } from "../../../core/registry.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { heldUp, makeVoid, touch } from "../late_records.ts";
import { fileSet, filler, GRACE_MS, HOUR, testProtocol } from "../protocol_world.ts";
import type { ProtocolWorld } from "../protocol_world.ts";
import { collect, rejected } from "../rejected.ts";

const ONE = { version: "1.0.0" };
const MUTABLE = { mutable: true };
const OVERWRITE = { ...ONE, onConflict: "overwrite" } as const;
const CELL = "names/a/versions/";

async function covered(
  world: ProtocolWorld,
  value: unknown = filler("first"),
): Promise<SavedArtifact> {
  const saved = await world.registry.save("a", value, ONE);
  await makeVoid(world);
  return saved;
}

testProtocol("readers use the generation below an expired record", MUTABLE, async (world) => {
  const { commit } = await covered(world);
  for (const read of ["a", "a@1.0.0", "a@^1"]) {
    const { registry } = await world.open();
    assertEquals(await registry.load(read), filler("first"));
    assertEquals((await registry.info(read)).commit, commit);
    assertEquals(await registry.has(read), true);
    assertEquals((await registry.info(read)).generation, 1);
  }
  const { registry } = await world.open();
  await registry.setAlias("a", "live", "1");
  assertEquals(await registry.load("a@live"), filler("first"));
});

testProtocol("verify reports expired records and checks valid ones", MUTABLE, async (world) => {
  await covered(world);
  const { registry } = await world.open();
  for (const deep of [true, false, true]) {
    const { ok, problems, versions } = await verifyRegistry(registry, { deep });
    assertEquals({ ok, versions, problems: problems.length }, {
      ok: false,
      versions: 1,
      problems: 1,
    });
    assertEquals(problems[0].ref, "a@1.0.0");
    assertEquals(problems[0].code, "NotFound");
    assertMatch(problems[0].key, /740989\.rec$/);
  }
});

testProtocol(
  "gc reports an expired record and keeps the valid one below it",
  MUTABLE,
  async (world) => {
    await covered(world);
    const keys = await world.keys(CELL);
    for (let days = 0; days < 4; days++) {
      const { voids } = await collectGarbage((await world.open()).registry);
      assertEquals(voids, [keys[0]]);
      world.advance(2 * GRACE_MS);
    }
    assertEquals(await (await world.open()).registry.load("a"), filler("first"));
    assertEquals(await world.keys(CELL), keys);
    assert(world.warnings.some((warning) => warning.includes(keys[0])));
  },
);

testProtocol("a version above an expired record is ordinary", MUTABLE, async (world) => {
  const first = await covered(world);
  const { registry } = await world.open();
  const saved = await registry.save("a", filler("third"), { ...ONE, ifCommit: first.commit });
  assertEquals((await registry.info("a")).generation, 3);
  assertEquals((await registry.info("a")).commit, saved.commit);
  world.advance(2 * GRACE_MS);
  assertEquals((await collectGarbage(registry)).voids, []);
  assertEquals(await registry.load("a"), filler("third"));
  assertEquals((await world.keys(CELL)).length, 2);
  assertEquals((await verifyRegistry(registry)).ok, true);
});

testProtocol("the number of an expired record stays used", async (world) => {
  await makeVoid(world, ONE);
  const { registry } = await world.open();
  assertEquals(await registry.has("a@1.0.0"), false);
  await rejected("NotFound", registry.load("a@1.0.0"));
  await rejected("NotFound", registry.load("a"));
  assertEquals(await registry.get("a"), undefined);
  await rejected("AlreadyExists", registry.save("a", "again", ONE));
  await rejected("AlreadyExists", registry.save("a", filler("again"), ONE));
  await rejected("AlreadyExists", registry.save("a", "again", { ...ONE, onConflict: "skip" }));
  await rejected("NotFound", registry.setAlias("a", "live", "1"));
  assertEquals(await registry.delete("a@1.0.0"), false);
  assertEquals((await registry.save("a", "next")).version, "2.0.0");
});

testProtocol("latest skips an expired version", async (world) => {
  await world.registry.save("a", "first", ONE);
  await makeVoid(world, { version: "2.0.0" });
  const { registry } = await world.open();
  assertEquals(await registry.load("a"), "first");
  assertEquals((await registry.info("a@>=1")).version, "1.0.0");
  assertEquals((await collect(registry.versions("a"))).map(({ version }) => version), [
    "2.0.0",
    "1.0.0",
  ]);
  assertEquals((await collect(registry.versions("a", { details: true }))).length, 1);
  assertEquals((await registry.save("a", "next")).version, "3.0.0");
});

testProtocol(
  "below an expired record, a tombstone stays valid",
  MUTABLE,
  async (world) => {
    await world.registry.save("a", "first", ONE);
    await world.registry.delete("a@1");
    await makeVoid(world);
    const { registry } = await world.open();
    assertEquals(await registry.has("a@1"), false);
    const error = await rejected("Conflict", registry.save("a", 1, { ...ONE, ifCommit: "0" }));
    assertMatch(error.message, /deleted/);
    await registry.save("a", "third", OVERWRITE);
    assertEquals(await registry.load("a"), "third");
  },
);

testProtocol("several expired records in a row are skipped", MUTABLE, async (world) => {
  const { commit } = await world.registry.save("a", filler("first"), ONE);
  const lands: (() => Promise<unknown>)[] = [];
  lands.push(await heldUp(world, filler("late 2"), OVERWRITE));
  world.advance(GRACE_MS + HOUR);
  await collectGarbage(world.registry);
  await lands[0]();
  await makeVoid(world, OVERWRITE, filler("late 3"));
  const { registry } = await world.open();
  assertEquals((await registry.info("a")).commit, commit);
  assertEquals((await world.keys(CELL)).length, 3);
  assertEquals((await collectGarbage((await world.open()).registry)).voids.length, 2);
  await registry.delete("a@1", { ifCommit: commit });
  assertEquals(await registry.has("a"), false);
});

testProtocol("ifCommit and skip refer to the valid record", MUTABLE, async (world) => {
  const first = await covered(world, "first");
  const { registry } = await world.open();
  assertEquals(await registry.save("a", "x", { ...ONE, onConflict: "skip" }), {
    ...first,
    skipped: true,
    addedBytes: 0,
  });
  await rejected("AlreadyExists", registry.save("a", "x", ONE));
  assertEquals(await registry.delete("a@1", { ifCommit: first.commit }), true);
  assertEquals(await registry.has("a"), false);
});

testProtocol("nothing is shared with an expired record", MUTABLE, async (world) => {
  const value = filler("late");
  await covered(world);
  const { registry } = await world.open();
  const saved = await registry.save("a", value, { skipIfUnchanged: true });
  assertEquals(saved.skipped, false);
  assertEquals(await registry.load(`a@${saved.version}`), value);
});

testProtocol(
  "nothing is shared with a late record, even if it is valid",
  MUTABLE,
  async (world) => {
    const land = await heldUp(world, filler("late"), ONE);
    world.advance(GRACE_MS - HOUR);
    await land();
    const { registry } = await world.open();
    assertEquals(await registry.load("a"), filler("late"));
    const { version, commit } = await registry.save("a", filler("late"));
    const payload = (await world.keys("objects/")).filter((key) => key.includes(commit));
    assertEquals(payload.length, 1, "the late one's may still go");
    for (const key of await world.keys("objects/")) {
      if (!payload.includes(key)) {
        await world.store.delete(key);
      }
    }
    assertEquals(await registry.load(`a@${version}`), filler("late"));
  },
);

for (const gone of ["own list", "shared payload"] as const) {
  testProtocol(
    `a late record with a long list of files expires without its ${gone}`,
    MUTABLE,
    async (world) => {
      const path = (n: number) => `${"folder/".repeat(20)}${n}`;
      const size = gone === "own list" ? 1 : 200;
      const files = Object.fromEntries(
        Array.from({ length: 1000 }, (_, n) => [path(n), filler(`${n}`, size)]),
      );
      await world.registry.save("a", files, { version: "1", as: fileSet });
      const before = await world.keys("objects/");
      const land = await heldUp(world, files, { version: "2", as: fileSet });
      const own = (await world.keys("objects/")).filter((key) => !before.includes(key));
      assertEquals(own.length, 1, "only the list is its own");
      world.advance(GRACE_MS - HOUR);
      await land();
      for (const key of gone === "own list" ? own : before.slice(0, 1)) {
        await world.store.delete(key);
      }
      const { registry } = await world.open();
      assertEquals(await registry.has("a@2"), false);
      assertEquals((await collectGarbage((await world.open()).registry)).voids.length, 1);
    },
  );
}

testProtocol("a late record with its payload is valid", MUTABLE, async (world) => {
  await world.registry.save("a", filler("first"), ONE);
  const land = await heldUp(world, filler("late"), OVERWRITE);
  world.advance(GRACE_MS - HOUR);
  await land();
  const { registry } = await world.open();
  for (let days = 0; days < 4; days++) {
    assertEquals(await registry.load("a"), filler("late"));
    assertEquals((await collectGarbage(registry)).voids, []);
    world.advance(GRACE_MS);
  }
  assertEquals((await verifyRegistry(registry)).ok, true);
});

testProtocol(
  "below a late record nothing is collected until an ordinary one covers it",
  MUTABLE,
  async (world) => {
    const { registry, keys, store, advance } = world;
    await registry.save("a", filler("first"), ONE);
    const land = await heldUp(world, filler("late"), OVERWRITE);
    advance(GRACE_MS + HOUR);
    const slow = await world.open(); // a collector that lists now, and goes on days later
    const doomed = (await keys("objects/")).slice();
    await land();
    for (let days = 0; days < 3; days++) {
      advance(GRACE_MS);
      await collectGarbage(slow.registry);
    }
    assertEquals(await keys("objects/"), doomed);
    const { commit } = await registry.info("a");
    for (const key of doomed) if (key.includes(commit)) await store.delete(key); // and now it does
    const { registry: reader } = await world.open();
    assertEquals(await reader.load("a"), filler("first"));
    await reader.save("a", "third", OVERWRITE);
    advance(2 * GRACE_MS);
    await collectGarbage(reader);
    assertEquals(await keys("objects/"), []);
  },
);

testProtocol(
  "the valid record below an expired one stays for the grace after a replacement",
  MUTABLE,
  async (
    world,
  ) => {
    const { commit } = await covered(world);
    world.advance(GRACE_MS + HOUR); // the expired record is old
    const { registry } = await world.open();
    await registry.save("a", filler("third"), OVERWRITE);
    const payload = async () =>
      (await world.keys("objects/")).filter((key) => key.includes(commit)).length;
    await collectGarbage(registry);
    assertEquals(await payload(), 1, "readers and writers may have seen it a moment ago");
    world.advance(GRACE_MS + HOUR);
    await collectGarbage(registry);
    assertEquals(await payload(), 0);
  },
);

testProtocol(
  "missing payload under a record that landed in time is Corrupt",
  MUTABLE,
  async (world) => {
    const { registry, store, keys } = world;
    await registry.save("a", filler("first"), ONE);
    await registry.save("a", filler("second"), OVERWRITE);
    const { commit } = await registry.info("a");
    for (const key of await keys("objects/")) if (key.includes(commit)) await store.delete(key);
    const error = await rejected("Corrupt", registry.load("a"));
    assertMatch(error.message, /missing/);
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ code }) => code), ["Corrupt"]);
    assertEquals((await collectGarbage(registry)).voids, []);
  },
);

for (
  const [how, ms] of [["as late as graceMs / 2", GRACE_MS / 2], [
    "later than graceMs / 2",
    GRACE_MS / 2 + 1,
  ]] as const
) {
  testProtocol(`a record that landed ${how} after its start`, MUTABLE, async (world) => {
    const { store, keys, advance, clocks } = world;
    await world.registry.save("a", "first", ONE);
    const begun = clocks.store;
    const land = await heldUp(world, filler("late"), OVERWRITE);
    advance(begun + ms - clocks.store);
    await land();
    for (const key of await keys("objects/")) await store.delete(key);
    const { registry } = await world.open();
    if (ms > GRACE_MS / 2) assertEquals(await registry.load("a"), "first");
    else await rejected("Corrupt", registry.load("a"));
  });
}

testProtocol("a late record expires without the files that it shares", MUTABLE, async (world) => {
  const { registry, advance } = world;
  const common = filler("common", 300_000);
  await registry.save("a", { common }, { as: fileSet });
  const land = await heldUp(world, { common }, { version: "2", as: fileSet });
  await registry.delete("a@1");
  advance(2 * GRACE_MS);
  await collectGarbage(registry);
  await land();
  await rejected("NotFound", (await world.open()).registry.load("a"));
});

testProtocol(
  "nothing expires in a registry younger than its records: it was copied",
  MUTABLE,
  async (world) => {
    await covered(world);
    await touch(world, "settings/"); // as a restored or copied store has it
    const { registry } = await world.open();
    await rejected("Corrupt", registry.load("a"));
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ code }) => code), ["Corrupt"]);
    assertEquals((await collectGarbage(registry)).voids, []);
  },
);

testProtocol(
  "verify ends if the valid record below an expired one is damaged",
  MUTABLE,
  async (world) => {
    await covered(world);
    for (const key of await world.keys("objects/")) await world.store.delete(key);
    const { registry } = await world.open();
    await rejected("Corrupt", registry.load("a"));
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ code }) => code), ["Corrupt"]);
  },
);

testProtocol(
  "an open handle on a record that expires reports that it was committed too late",
  MUTABLE,
  async (world) => {
    const { advance, store, keys } = world;
    await world.registry.save("a", "first", ONE);
    const land = await heldUp(world, filler("late", 300_000), OVERWRITE);
    advance(GRACE_MS - HOUR);
    await land();
    const { registry } = await world.open();
    const handle = await registry.open("a");
    for (const key of await keys("objects/")) await store.delete(key);
    const error = await rejected("Conflict", handle.files()[0].bytes());
    assertMatch(error.message, /: it was committed too late, and its files are gone$/);
    assertMatch(error.hint!, /[Oo]pen it again/);
    assertEquals(await registry.load("a"), "first");
  },
);

testProtocol("a small late record is an ordinary version", MUTABLE, async (world) => {
  await world.registry.save("a", "first", ONE);
  const land = await heldUp(world, "late", OVERWRITE);
  world.advance(9 * GRACE_MS);
  await land();
  const { registry } = await world.open();
  assertEquals(await registry.load("a"), "late");
  assertEquals((await verifyRegistry(registry)).ok, true);
});
