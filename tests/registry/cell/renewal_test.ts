import { assert, assertEquals, assertGreater } from "@std/assert";
import type { FileSource, FileToSave } from "../../../core/materializer.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { fileSet, filler, GRACE_MS, HOUR, testProtocol } from "../protocol_world.ts";
import type { ProtocolWorld } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { busy, damaged, doing, followedBy, pass } from "../scripted_backend.ts";

const CREATE = { verb: "put", mode: "create" } as const;
const UPLOAD = { verb: "put", key: /^objects\/.*\d$/ } as const;
const RENEWAL = { verb: "put", key: /\.alive$/ } as const;
const ONE = { version: "1.0.0" };
const OVERWRITE = { ...ONE, onConflict: "overwrite", as: fileSet } as const;
const MUTABLE = { mutable: true };
const CELL = "names/a/versions/";
const CHUNKS = 100;

/** A file with slow chunks, and an action at each of them. */
function slowFile(
  world: ProtocolWorld,
  ms: number,
  atChunk: (n: number) => unknown = () => {},
): FileSource {
  const chunk = filler("slow", 4_000);
  return {
    size: CHUNKS * chunk.byteLength,
    stream() {
      let n = 0;
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (n === CHUNKS) return controller.close();
          world.advance(ms / CHUNKS);
          await atChunk(n++);
          controller.enqueue(chunk);
        },
      }, { highWaterMark: 0 });
    },
  };
}

/** A collector on a machine with the right time. */
async function collector({ open, system, clocks }: ProtocolWorld): Promise<() => Promise<unknown>> {
  const { registry } = await open({ system: { ...system, now: () => clocks.store } });
  return () => collectGarbage(registry);
}

testProtocol("a long upload renews itself every graceMs / 16", async (world) => {
  const { registry, backend, head, clocks } = world;
  let lastRenewal = 0;
  backend.answerAll(RENEWAL, followedBy(() => void (lastRenewal = clocks.store)));
  await registry.save("a", { slow: slowFile(world, GRACE_MS) }, { as: fileSet });
  const renewals = backend.asked(RENEWAL).length;
  assert(renewals >= 14 && renewals <= 16, `${renewals} renewals`);
  assertEquals(Date.parse((await head(CELL)).startedAt), lastRenewal);
});

testProtocol(
  "an upload of many files renews itself between them",
  async ({ registry, backend, advance }) => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`${n}`, filler(`${n}`, 300_000)]),
    );
    backend.answerAll(UPLOAD, doing(() => advance(HOUR / 2)));
    await registry.save("a", files, { as: fileSet });
    assertGreater(backend.asked(RENEWAL).length, 10);
  },
);

testProtocol("gc keeps uploads that renew themselves", async (world) => {
  const { registry } = world;
  const collect = await collector(world);
  const value = {
    first: filler("first", 300_000),
    slow: slowFile(world, 4 * GRACE_MS, (n) => n % 3 === 0 && collect()),
  };
  await registry.save("a", value, { as: fileSet });
  const loaded = await registry.load("a", { as: fileSet }) as Record<string, Uint8Array>;
  assertEquals(loaded.first, value.first);
  assertEquals(loaded.slow.byteLength, value.slow.size);
});

testProtocol("without a renewal in time nothing is committed", async (world) => {
  const { registry, keys, advance } = world;
  const stalled = slowFile(world, 0, (n) => n === 50 && advance(GRACE_MS / 4 + 1000));
  await rejected("Unavailable", registry.save("a", { stalled }, { as: fileSet }));
  assertEquals(await keys("objects/"), []);
});

testProtocol("a renewal that takes too long is not valid", async (world) => {
  const { registry, backend, advance } = world;
  backend.answer(RENEWAL, doing(() => advance(GRACE_MS / 4 + 1000)));
  const slow = slowFile(world, GRACE_MS / 8);
  await rejected("Unavailable", registry.save("a", { slow }, { as: fileSet }));
  assertEquals(backend.asked(CREATE), []);
});

testProtocol("a refused renewal fails the save without a commit", async (world) => {
  const { registry, backend, keys } = world;
  backend.answer(RENEWAL, busy);
  await rejected(
    "Unavailable",
    registry.save("a", { slow: slowFile(world, GRACE_MS / 8) }, { as: fileSet }),
  );
  assertEquals(backend.asked(CREATE), []);
  assertEquals(await keys("objects/"), []);
});

testProtocol("a renewal under frozen clocks is measured by the store's", async (world) => {
  const { registry, backend, advance } = world;
  const collect = await collector(world);
  const value = { first: filler("first", 300_000), slow: slowFile(world, GRACE_MS / 8) };
  const frozen = async () => {
    advance(GRACE_MS + HOUR, "store");
    await collect(); // the first file is old and nothing says that it is still wanted
  };
  backend.answer(RENEWAL, doing(frozen));
  await rejected("Unavailable", registry.save("a", value, { as: fileSet }));
  assertEquals(backend.asked(CREATE), []);
});

for (const look of ["whole", "damaged"] as const) {
  testProtocol(
    `a head that was ${look} is read again under frozen clocks and renewals`,
    MUTABLE,
    async (world) => {
      const { registry, backend, open, advance, head } = world;
      const rival = await open();
      const collect = await collector(world);
      await registry.save("a", { v: filler("first") }, OVERWRITE);
      const files = Object.fromEntries(
        Array.from({ length: 40 }, (_, n) => [`${n}`, filler(`${n}`, 300_000)]),
      );
      let uploads = 0;
      const overtake = async () => {
        advance(HOUR, "store");
        uploads++;
        if (uploads === 2 || uploads === 3) {
          await rival.registry.save("a", { v: filler(`rival ${uploads}`) }, OVERWRITE);
        }
        if (uploads % 10 === 0) {
          await collect();
        }
      };
      const upload = { verb: "put", key: /^objects\/.*\d$/ } as const;
      backend.answerAll(upload, doing(overtake));
      if (look === "damaged") backend.answer({ verb: "get", key: /\.rec$/ }, damaged);
      const outcome = await registry.save("a", files, { ...OVERWRITE, base: "a" }).catch((error) =>
        error
      );
      if (outcome instanceof Error) {
        assertEquals((await rejected("Unavailable", Promise.reject(outcome))).code, "Unavailable");
      } else {assertEquals(
          (await head(CELL)).commit,
          outcome.commit,
          "it was acknowledged below the head",
        );}
      assertEquals((await head(CELL)).generation >= 3, true);
    },
  );
}

testProtocol(
  "the look at an idempotency key makes the head that was seen before an upload no younger",
  MUTABLE,
  async (world) => {
    const { registry, open, head } = world;
    const rival = await open();
    const collect = await collector(world);
    await registry.save("a", { v: filler("first") }, OVERWRITE);
    const overtake = async (n: number) => {
      if (n < 2) await rival.registry.save("a", { v: filler(`rival ${n}`) }, OVERWRITE);
      if (n > 90) await collect(); // removes the first of the two
    };
    const slow = slowFile(world, 2 * GRACE_MS, overtake);
    const keyed = { ...OVERWRITE, idempotencyKey: "order", skipIfUnchanged: true };
    const saved = await registry.save("a", { slow }, keyed);
    assertEquals((await head(CELL)).commit, saved.commit);
    assertEquals((await head(CELL)).generation, 4);
  },
);

testProtocol("files of a deleted base are uploaded after all", async (world) => {
  const { registry, open, head, advance } = world;
  const rival = await open();
  const collect = await collector(world);
  const value = { common: filler("common", 300_000), small: filler("small", 100_000) };
  await registry.save("a", value, { as: fileSet });
  const overtake = async (n: number) => {
    if (n === 1) await rival.registry.delete("a@1");
    if (n > 70) await collect();
  };
  const slow = slowFile(world, 2 * GRACE_MS, overtake);
  await registry.save("a", { ...value, slow }, { as: fileSet });
  for (const file of (await head(CELL)).files) assertEquals(file.from, undefined);
  advance(2 * GRACE_MS);
  await collect();
  const loaded = await registry.load("a@2", { as: fileSet }) as Record<string, Uint8Array>;
  assertEquals({ common: loaded.common, small: loaded.small }, value);
  assertEquals((await world.keys("objects/")).filter((key) => key.endsWith("/.alive")).length, 1);
});

testProtocol("bytes of a base that is deleted meanwhile are not shared", async (world) => {
  const { registry, open, keys } = world;
  const rival = await open();
  const first = noise(600_000);
  const changed = first.slice().fill(1, 1000, 2000);
  await registry.save("a", { common: first }, { as: fileSet });
  let asked = 0;
  const overtake = async (n: number) => n === 1 && await rival.registry.delete("a@1");
  const files = async function* (): AsyncGenerator<FileToSave> {
    yield { path: "common", content: changed };
    const content = slowFile(world, asked++ === 0 ? GRACE_MS : 0, overtake);
    yield await Promise.resolve({ path: "slow", content });
  };
  const before = await keys("objects/");
  await registry.save("a", files, { base: "a@1", as: fileSet });
  assertEquals(asked, 2);
  for (const key of before) await world.store.delete(key);
  const { common } = await registry.load("a", { as: fileSet }) as Record<string, Uint8Array>;
  assertEquals(common, changed);
});

testProtocol("a save whose base is deleted meanwhile is repeated without it", async (world) => {
  const { registry, open, keys } = world;
  const rival = await open();
  const common = filler("common", 300_000);
  const { version: base } = await registry.save("a", { common }, { as: fileSet });
  const before = await keys("objects/");
  let asked = 0;
  const overtake = async (n: number) =>
    asked === 1 && n === 1 && await rival.registry.delete(`a@${base}`).then(() => {});
  const files = async function* (): AsyncGenerator<FileToSave> {
    const content = slowFile(world, asked++ === 0 ? GRACE_MS : 0, overtake);
    yield { path: "common", content: common };
    yield await Promise.resolve({ path: "slow", content });
  };
  const told: number[] = [];
  const onProgress = ({ bytes }: { bytes: number }) => void told.push(bytes);
  const options = { base: `a@${base}`, as: fileSet, onProgress };
  const { version } = await registry.save("a", files, options);
  assertEquals(asked, 2);
  const loaded = await registry.load(`a@${version}`, { as: fileSet });
  assertEquals((loaded as Record<string, Uint8Array>).common, common);
  const added = (await keys("objects/")).filter((key) => !before.includes(key));
  assertEquals(added.filter((key) => !key.endsWith(".alive")).length, 2, added.join(" "));
  assertEquals(told, told.toSorted((x, y) => x - y));
});

testProtocol("a stream that must be read again fails the save", async (world) => {
  const { registry, open } = world;
  const rival = await open();
  const common = filler("common", 100_000);
  await registry.save("a", { common }, { as: fileSet });
  const overtake = async (n: number) =>
    n === 1 && await rival.registry.delete("a@1").then(() => {});
  const once = new Blob([common]).stream();
  const save = registry.save("a", { common: once, slow: slowFile(world, GRACE_MS, overtake) }, {
    as: fileSet,
  });
  await rejected("TaskFailed", save);
});

testProtocol(
  "a head seen graceMs / 4 ago is not written above, despite renewals",
  MUTABLE,
  async (world) => {
    const { clocks } = world;
    const { registry, backend } = await world.open({ retryForMs: Infinity });
    await registry.save("a", { v: filler("first") }, OVERWRITE);
    let seenAt = 0, lastSentAt = 0;
    backend.answer(
      { verb: "list", key: /versions/ },
      followedBy(() => void (seenAt = clocks.store)),
    );
    backend.answerAll(
      CREATE,
      doing(() => {
        lastSentAt = clocks.store;
        world.advance(GRACE_MS / 16);
      }, busy),
    );
    const slow = slowFile(world, 0.49 * GRACE_MS / 4);
    await rejected("Unavailable", registry.save("a", { slow }, OVERWRITE));
    assert(backend.asked(RENEWAL).length > 0);
    assert(lastSentAt - seenAt <= GRACE_MS / 4, `${(lastSentAt - seenAt) / HOUR} hours`);
  },
);

testProtocol("a base seen graceMs / 4 ago is not shared, despite renewals", async (world) => {
  const { clocks } = world;
  const rival = await world.open();
  const { registry, backend } = await world.open({ retryForMs: Infinity });
  const common = filler("common");
  await registry.save("a", { common }, { as: fileSet });
  let seenAt = 0, lastSentAt = 0;
  backend.answer({ verb: "list", key: /versions/ }, followedBy(() => void (seenAt = clocks.store)));
  // so that it looks at the numbers again, not at the base
  const beaten = doing(() => rival.registry.save("a", "theirs"));
  const refused = doing(() => {
    lastSentAt = clocks.store;
    world.advance(GRACE_MS / 16);
  }, busy);
  backend.answer(CREATE, beaten);
  backend.answerAll(CREATE, refused);
  const slow = slowFile(world, 0.49 * GRACE_MS / 4);
  await rejected("Unavailable", registry.save("a", { common, slow }, { as: fileSet }));
  assert(backend.asked(RENEWAL).length > 0 && lastSentAt > seenAt);
  assert(lastSentAt - seenAt <= GRACE_MS / 4, `${(lastSentAt - seenAt) / HOUR} hours`);
});

for (
  const process of [
    "knows no store time yet",
    "had its clock set right since it learned the store's time",
  ] as const
) {
  testProtocol(
    `a process that ${process} reads again what it saw before an upload`,
    MUTABLE,
    async (world) => {
      const { advance, head } = world;
      const common = filler("common", 300_000);
      const { registry, backend } = await world.open();
      if (process !== "knows no store time yet") {
        advance(30 * HOUR, "store"); // the machine slept, and its clocks with it
        await registry.save("x", "small");
        advance(30 * HOUR, "wall");
      }
      const rival = await world.open();
      const collect = await collector(world);
      await rival.registry.save("a", { common }, OVERWRITE);
      const frozen = async () => {
        advance(HOUR, "store");
        for (const n of [1, 2]) {
          await (await world.open()).registry.save("a", { v: filler(`rival ${n}`) }, OVERWRITE);
        }
        advance(GRACE_MS + HOUR, "store");
        await collect();
      };
      backend.answer(UPLOAD, doing(frozen));
      const saved = await registry.save("a", { common, more: filler("more", 300_000) }, OVERWRITE);
      assertEquals((await head(CELL)).commit, saved.commit);
      for (const file of (await head(CELL)).files) assertEquals(file.from, undefined);
      assertEquals(Object.keys(await registry.load("a", { as: fileSet }) as object), [
        "common",
        "more",
      ]);
    },
  );
}

testProtocol("renewals keep no payload of other uploads", async (world) => {
  const { registry, backend, open, keys } = world;
  const rival = await open();
  const collect = await collector(world);
  rival.backend.answer(CREATE, busy, () => new Promise(() => {})); // it dies there
  rival.registry.save("a", filler("dead")).catch(() => {}); // nobody waits for the dead
  await registry.save("a", { slow: slowFile(world, 2 * GRACE_MS, (n) => n > 90 && collect()) }, {
    as: fileSet,
  });
  assertEquals((await keys("objects/")).filter((key) => key.endsWith("/0")).length, 1);
  backend.answerAll({}, pass);
});

testProtocol("a long save without changes ends in an existing version", async (world) => {
  const { registry, open } = world;
  const whole = { as: fileSet, skipIfUnchanged: true };
  await registry.save("a", { slow: slowFile(world, 0) }, whole);
  const skipped = await registry.save("a", { slow: slowFile(world, GRACE_MS) }, whole);
  assertEquals([skipped.version, skipped.skipped], ["1.0.0", true]);
  const other = await open();
  const remove = (n: number) => n === 50 && other.registry.delete("a@1");
  const saved = await registry.save("a", { slow: slowFile(world, GRACE_MS, remove) }, whole);
  assertEquals([saved.version, saved.skipped], ["2.0.0", false]);

  const small = (slow?: () => Promise<void>) =>
    async function* (): AsyncGenerator<FileToSave> {
      yield { path: "small", content: filler("small", 100) };
      await slow?.();
    };
  await registry.save("b", small(), whole);
  const gone = small(async () => {
    await registry.delete("b@1");
    world.advance(GRACE_MS / 6);
  });
  const after = await registry.save("b", gone, whole);
  assertEquals([after.version, after.skipped], ["2.0.0", false]);
});
