import { assert, assertEquals } from "@std/assert";
import { annotate } from "../../../../registry/mod.ts";
import { changeSettings } from "../../../../registry/tools/settings.ts";
import { collectGarbage, type GarbageOptions } from "../../../../extensions/maintenance/mod.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import {
  createProtocolWorld,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
} from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { denied } from "../../../registry/scripted_backend.ts";
import {
  addCrashedUpload,
  DAY,
  LARGE,
  MONTH,
  namesOf,
  night,
  PAGE,
  quietWorld,
} from "./quiet_world.ts";

Deno.test("gc skips names of which nothing was deleted or replaced", async () => {
  const world = await quietWorld("a", "b", "c");
  const { registry } = world;
  assertEquals(await night(world), []);
  await registry.save("b", 2, { idempotencyKey: "run 1" });
  await registry.save("new", LARGE);
  await registry.setAlias("c", "live", "1");
  await annotate(registry, "c", { notes: "seen" });
  assertEquals(await night(world), []);
  await registry.setAlias("c", "live", "1.0.0");
  await registry.save("new", 2);
  await registry.delete("a@1");
  world.advance(HOUR);
  assertEquals(await night(world), ["a"]);
  await registry.save("b", 3, { version: "1.0.0", onConflict: "overwrite" });
  await registry.delete("new@1");
  world.advance(HOUR);
  assertEquals(await night(world), ["a", "b", "new"]);
});

Deno.test("gc looks at all names if it must, and skips them afterwards", async () => {
  const world = await quietWorld("a", "b");
  for (const options of [{ all: true }, { forget: true }, { onWaiting() {} }]) {
    assertEquals(await night(world, options), ["a", "b"]);
    assertEquals(await night(world), [], JSON.stringify(options));
  }
  assert((await night(world, { now: true })).includes("a"));
  assertEquals(await world.keys("gc/.names/"), []);
});

Deno.test("gc looks at a name when something of it can be removed", async () => {
  const world = await quietWorld("a", "b");
  await world.registry.delete("a@1");
  world.advance(HOUR);
  assertEquals(await night(world), ["a"]);
  assertEquals((await world.keys("objects/a/")).length, 1);
  assertEquals(await night(world), ["a"], "its grace period ended");
  assertEquals(await world.keys("objects/a/"), []);
});

Deno.test("skipped names count in the report", async () => {
  const world = await quietWorld("a", "b");
  const { store, registry } = world;
  await addCrashedUpload(world, "a");
  await registry.delete("b@1");
  world.advance(HOUR);
  const first = await collectGarbage(registry, { all: true });
  assert(first.waiting.count > 1);
  world.backend.forget();
  const second = await collectGarbage(registry);
  assertEquals(second.waiting, first.waiting);
  assertEquals([first.skipped, second.skipped], [0, 2]);
  assertEquals((await collectGarbage(registry, { dryRun: true })).waiting, first.waiting);
  assertEquals(world.backend.asked({ verb: "list", key: /^objects\/./ }), []);
  assert(await store.head(PAGE) !== undefined);
});

Deno.test("files that a save has completed since do not count as waiting", async () => {
  const world = await quietWorld("a");
  const { registry, backend } = world;
  await registry.save("a", noise(70_000, 2));
  await registry.delete("a@1");
  world.advance(HOUR);
  let during = 0;
  backend.answer({ verb: "put", key: /^names\// }, async (act) => {
    const { registry: other } = await world.open();
    during = (await collectGarbage(other)).waiting.count;
    return await act();
  });
  await registry.save("a", noise(70_000, 3));
  world.advance(HOUR);
  const { waiting } = await collectGarbage(registry);
  assertEquals([during, waiting.count], [3, 2]);
  assertEquals((await collectGarbage(registry, { all: true })).waiting, waiting);
  backend.forget();
  assertEquals((await collectGarbage(registry)).waiting, waiting);
  assertEquals(backend.asked({ verb: "list", key: /^objects\/a/ }), [], "it is known now");
});

Deno.test("payload of a crashed save of a quiet name goes within 30 days, or with all", async () => {
  for (const all of [false, true]) {
    const world = await quietWorld("a", "b");
    const key = await addCrashedUpload(world, "a");
    const begin = world.clocks.store;
    world.advance(2 * DAY);
    if (all) await night(world, { all });
    while (await world.store.head(key) !== undefined) {
      assert(world.clocks.store < begin + MONTH + 2 * DAY, "it stays");
      await night(world);
    }
  }
});

Deno.test("gc looks at names without a record each night", async () => {
  const world = await quietWorld("a");
  const key = await addCrashedUpload(world, "crashed");
  assertEquals(await night(world), ["crashed"]);
  world.advance(HOUR);
  assertEquals(await night(world), ["crashed"]);
  assertEquals(await world.store.head(key), undefined);
  assertEquals(await night(world), []);
});

Deno.test("each night looks at a part of the quiet names again", async () => {
  const names = Array.from({ length: 60 }, (_, n) => `n${n}`);
  const world = await quietWorld(...names);
  const looks = new Map<string, number>();
  let most = 0;
  for (let day = 0; day < 60; day++) {
    const looked = await night(world);
    most = Math.max(most, looked.length);
    for (const name of looked) looks.set(name, (looks.get(name) ?? 0) + 1);
  }
  assertEquals(looks.size, names.length);
  assertEquals(new Set(looks.values()), new Set([2]));
  assert(most < 10, `${most} on one night`);
});

Deno.test("a dry run finds what a run without it removes, and leaves no note", async () => {
  const world = await quietWorld("a", "b");
  await world.registry.delete("a@1");
  world.advance(DAY + HOUR);
  const before = await world.keys("gc/");
  const dry = await collectGarbage(world.registry, { dryRun: true });
  assertEquals(await world.keys("gc/"), before);
  const report = await collectGarbage(world.registry);
  assertEquals(report.removed, dry.removed);
  assert(report.removed.payload.count > 0);
});

Deno.test("names with drafts, failures or recent records are looked at again", async () => {
  const world = await quietWorld("a", "b", "c");
  await (await world.registry.openDraft("a", { id: "d" })).addFile("large", LARGE);
  await world.registry.delete("b@1"); // in the second before the mark
  assertEquals(await night(world), ["a", "b"]);
  assertEquals((await namesOf(world)).b, ["", 0], "b was too young to be noted");
  for (const looked of [["a", "b"], ["a", "b"], ["a", "b"], ["a"]]) {
    assertEquals(await night(world), looked);
  }
  world.backend.answer({ verb: "list", key: /^objects\/c\// }, denied);
  const { failures } = await collectGarbage(world.registry, { all: true });
  assertEquals(failures.length, 1);
  world.backend.heal();
  assertEquals(await night(world), ["a", "c"]);
});

Deno.test("gc removes on the next night what it failed to remove", async () => {
  const world = await quietWorld("a", "b");
  const key = await addCrashedUpload(world, "a");
  world.advance(2 * DAY);
  world.backend.answer({ verb: "delete", key: /^objects\// }, denied);
  assertEquals((await collectGarbage(world.registry, { all: true })).failures.length, 1);
  assert(await world.store.head(key) !== undefined);
  assertEquals(await night(world), ["a"]);
  assertEquals(await world.store.head(key), undefined);
});

Deno.test("another grace period makes the notes invalid", async () => {
  const world = await quietWorld("a", "b");
  await changeSettings(world.registry, { graceMs: 2 * GRACE_MS });
  assertEquals(await night(world), ["a", "b"]);
  assertEquals(await night(world), []);
});

/** Changes one of a few names, in any way that leaves a record. */
async function change({ registry }: ProtocolWorld, random: Random): Promise<void> {
  const name = random.pick(["a", "b", "c", "d"]);
  const version = random.pick(["1.0.0", "2.0.0"]);
  const value = noise(random.pick([10, 70_000]), random.int(4));
  const actions = [
    () => registry.save(name, value, { idempotencyKey: `key ${random.int(3)}` }),
    () => registry.save(name, value, { version, onConflict: "overwrite" }),
    () => registry.save(name, value, { version }),
    () => registry.delete(`${name}@${version}`),
    () => registry.undelete(`${name}@${version}`),
    () => registry.setAlias(name, "live", version),
    () => annotate(registry, name, { notes: "seen" }),
  ];
  await random.pick(actions)().catch(() => {}); // such as of a version that does not exist
}

Deno.test("each night finds what a look at all names finds", async () => {
  for (const mutable of [true, false]) {
    for (let seed = 1; seed <= casesOfRun(5); seed++) {
      const random = createRandom(seed);
      const world = await createProtocolWorld({ mutable });
      let skipped = 0;
      for (let day = 0; day < 70; day++) {
        const changes = random.weighted([[3, 0], [2, 1], [1, 4]]);
        for (let n = 0; n < (day < 40 ? changes : 0); n++) await change(world, random);
        world.advance(random.between(0.1, 1.5) * DAY);
        const of = async (options: GarbageOptions) => {
          const { removed, waiting, voids, failures } = await collectGarbage(
            world.registry,
            options,
          );
          // Old keys go with the next look at their name.
          return { removed: { ...removed, key: undefined }, waiting, voids, failures };
        };
        const all = await of({ dryRun: true, all: true });
        world.backend.forget();
        const where = `seed ${seed}, day ${day}`;
        assertEquals(await of({ dryRun: true }), all, where);
        skipped += 4 - world.backend.asked({ verb: "list", key: /^objects\/./ }).length;
        assertEquals(await of({}), all, where);
      }
      assert(skipped > 70, `${skipped} names were skipped`);
    }
  }
});

Deno.test("a name that is saved each day is looked at every 30 days", async () => {
  const world = await quietWorld("a");
  const key = await addCrashedUpload(world, "a");
  const begin = world.clocks.store;
  const looks: number[] = [];
  for (let day = 0; day < 65; day++) {
    await world.registry.save("a", noise(70_000, day), { idempotencyKey: `day ${day}` });
    if ((await night(world)).length > 0) looks.push(day);
    const isGone = await world.store.head(key) === undefined;
    assert(isGone || world.clocks.store < begin + MONTH + 2 * DAY, "it stays");
  }
  assert(looks.length <= 6, `on days ${looks}`);
  for (let day = 0; day < 65; day++) {
    assertEquals(await world.registry.load(`a@${day + 2}`), noise(70_000, day));
  }
});

Deno.test("new versions do not delay the removal of deleted ones", async () => {
  for (const mutable of [false, true]) {
    const world = await createProtocolWorld({ mutable });
    const { registry } = world;
    for (const n of [1, 2]) await registry.save("a", noise(70_000, n));
    world.advance(2 * DAY);
    await night(world);
    const [, first] = await world.keys("objects/a/");
    await registry.delete("a@1");
    for (const hours of [1, 23, 2]) {
      world.advance(hours * HOUR);
      await registry.save("a", noise(70_000, hours));
      assert(await world.store.head(first!) !== undefined);
      await collectGarbage(registry);
    }
    assertEquals(await world.store.head(first!), undefined);
  }
});

Deno.test("gc keeps what a new version shares with a deleted one", async () => {
  const world = await quietWorld("a", "b");
  const { registry } = world;
  await registry.save("a", LARGE, { metadata: { run: 2 } });
  assertEquals((await world.keys("objects/a/")).length, 1, "it refers to the first version");
  assertEquals(await night(world), []);
  await registry.delete("a@1");
  for (let day = 0; day < 65; day++) {
    if (day === 3) await registry.save("a", LARGE, { metadata: { run: 3 } });
    await night(world);
  }
  for (const version of [2, 3]) assertEquals(await registry.load(`a@${version}`), LARGE);
});

Deno.test("a committed draft stays whole when its name is skipped", async () => {
  const world = await quietWorld("a", "b");
  const draft = await world.registry.openDraft("new", { id: "d" });
  await draft.addFile("large", LARGE);
  world.advance(DAY);
  assertEquals(await night(world), ["new"]);
  await draft.commit();
  for (let day = 0; day < 100; day++) await night(world);
  const { files } = await world.registry.info("new");
  assertEquals(files.map(({ size }) => size), [LARGE.byteLength]);
  assertEquals((await world.keys("objects/new/")).length, 1);
});

Deno.test("a name that had only payload is looked at once it has a record", async () => {
  const world = await quietWorld("a");
  const key = await addCrashedUpload(world, "b");
  assertEquals(await night(world), ["b"]);
  await world.registry.save("b", 1);
  assertEquals(await night(world), ["b"]);
  world.advance(HOUR);
  assertEquals(await night(world), ["b"]);
  assertEquals(await world.store.head(key), undefined);
  assertEquals(await world.registry.load("b"), 1);
});

Deno.test("a quiet night takes few requests, and 100 changes of 1,000 names no more", async () => {
  const requests: number[] = [];
  for (const changes of [0, 100]) {
    const { registry, backend, ...world } = await createProtocolWorld();
    for (let n = 0; n < 1000; n++) await registry.save(`name-${n}`, n, { version: "1.0.0" });
    world.advance(2 * DAY);
    await collectGarbage(registry);
    world.advance(HOUR);
    for (let n = 0; n < changes; n += 5) {
      for (const version of ["2.0.0", "3.0.0"]) await registry.save(`name-${n}`, n, { version });
      await registry.save(`new-${n}`, n);
      await registry.setAlias(`name-${n + 1}`, "live", "1.0.0");
      await annotate(registry, `name-${n + 2}`, { notes: "seen" });
    }
    world.advance(DAY);
    backend.forget();
    await collectGarbage(registry);
    requests.push(backend.calls.length);
  }
  const [quiet = 0, changed = 0] = requests;
  assert(quiet < 1000 * 3 / 20 + 30, `${quiet} requests`);
  assert(changed <= quiet + 10, `${changed} requests, without changes ${quiet}`);
});
