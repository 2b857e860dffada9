import { assert, assertEquals } from "@std/assert";
import { annotate } from "../../../../registry/mod.ts";
import {
  changeSettings,
  collectGarbage,
  type GarbageOptions,
} from "../../../../registry/maintenance.ts";
import { decodeNote, encodeNote } from "../../../../registry/maintenance/noted.ts";
import { createProtocolWorld, GRACE_MS, HOUR, type ProtocolWorld } from "../../protocol_world.ts";
import { noise } from "../../registries.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import { denied } from "../../scripted_backend.ts";

const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
const PAGE = "gc/.names/0";
const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";
const LARGE = noise(70_000);

/** A registry with a few names, a day after a run that found nothing to remove. */
async function quietWorld(...names: string[]): Promise<ProtocolWorld> {
  const world = await createProtocolWorld({ mutable: true });
  for (const name of names) await world.registry.save(name, LARGE);
  world.advance(2 * DAY);
  await night(world);
  return world;
}

/** Runs gc, and returns the names that it looked at. */
async function night(world: ProtocolWorld, options: GarbageOptions = {}): Promise<string[]> {
  world.backend.forget();
  const { failures } = await collectGarbage(world.registry, options);
  assertEquals(failures, []);
  const looks = world.backend.asked({ verb: "list", key: /^objects\/./ });
  world.advance(DAY);
  return looks.map((call) => call.split("/")[1]).sort();
}

async function addCrashedUpload({ store }: ProtocolWorld, name: string): Promise<string> {
  const key = `objects/${name}/p8p9p9/${UUID}/0`;
  await store.put(key, LARGE);
  return key;
}

Deno.test("gc skips names that did not change", async () => {
  const world = await quietWorld("a", "b", "c");
  assertEquals(await night(world), []);
  await world.registry.save("b", 2);
  world.advance(HOUR);
  assertEquals(await night(world), ["b"]);
  assertEquals(await night(world), []);
  await world.registry.setAlias("c", "live", "1");
  await world.registry.delete("a@1");
  world.advance(HOUR);
  assertEquals(await night(world), ["a", "c"]);
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
  assertEquals((await collectGarbage(registry, { dryRun: true })).waiting, first.waiting);
  assertEquals(world.backend.asked({ verb: "list", key: /^objects\/./ }), []);
  assert(await store.head(PAGE) !== undefined);
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
  await world.registry.save("b", 2); // in the second before the mark
  assertEquals(await night(world), ["a", "b"]);
  assertEquals(await night(world), ["a", "b"], "b was too young to be noted");
  assertEquals(await night(world), ["a"]);
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
          return { removed, waiting, voids, failures };
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

type Names = Record<string, unknown[]>;

/** Changes of the table by others: what each does to a night. */
const ATTACKS: Record<string, (names: Names, now: number) => unknown> = {
  "lost": () => undefined,
  "not JSON": () => "x",
  "of another shape": (names) => Object.fromEntries(Object.keys(names).map((name) => [name, [1]])),
  "with fingerprints of other names": (names) => {
    const values = Object.values(names);
    return Object.fromEntries(Object.keys(names).map((name, n) => [name, values[(n + 1) % 3]]));
  },
  "with times far ahead": (names, now) => {
    const change = ([name, [fingerprint]]: [string, unknown[]]) => [name, [fingerprint, now * 2]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
  "with waiting garbage until a time that no clock shows": (names) => {
    const change = ([name, entry]: [string, unknown[]]) => [name, [...entry, 1, 1, 1e300]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
  "with infinite times": (names) => {
    const change = ([name, [fingerprint]]: [string, unknown[]]) => [name, [fingerprint, 1e999]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
  "with times that have passed": (names, now) => {
    const change = ([name, [fingerprint]]: [string, unknown[]]) => [name, [fingerprint, now - 1]];
    return Object.fromEntries(Object.entries(names).map(change));
  },
};
for (const [title, attack] of Object.entries(ATTACKS)) {
  Deno.test(`gc looks at all names if its table is wrong: ${title}`, async () => {
    const world = await quietWorld("a", "b", "c");
    const { registry, table, names } = decodeNote(
      await (await world.store.get(PAGE))!.bytes(),
    ) as { registry: string; table: string; names: Names };
    const changed = attack(names, world.clocks.store);
    if (changed === undefined) await world.store.delete(PAGE);
    else await world.store.put(PAGE, encodeNote({ registry, table, names: changed }));
    assertEquals(await night(world), ["a", "b", "c"]);
    assertEquals(await night(world), [], "the table is right again");
  });
}

Deno.test("a table that claims too much delays garbage, and removes nothing", async () => {
  const world = await quietWorld("a", "b");
  const page = decodeNote(await (await world.store.get(PAGE))!.bytes()) as { names: Names };
  const key = await addCrashedUpload(world, "a");
  world.advance(2 * DAY);
  for (const entry of Object.values(page.names)) entry[1] = world.clocks.store + 29 * DAY;
  await world.store.put(PAGE, encodeNote(page));
  assertEquals(await night(world), []);
  assertEquals(await world.registry.load("b"), LARGE);
  world.advance(29 * DAY);
  assertEquals(await night(world), ["a", "b"]);
  assertEquals(await world.store.head(key), undefined);
  assertEquals(await world.registry.load("a"), LARGE);
});

Deno.test("a quiet night of 300 names takes few requests, one with changes few more", async () => {
  const world = await createProtocolWorld();
  const { registry, backend, advance } = world;
  const count = 300;
  for (let n = 0; n < count; n++) await registry.save(`name-${n}`, n, { version: "1.0.0" });
  advance(2 * DAY);
  await night(world);
  const requests: number[] = [];
  for (const changes of [0, 20]) {
    for (let n = 0; n < changes; n++) await registry.save(`name-${n}`, 2, { version: "2.0.0" });
    advance(HOUR);
    await night(world);
    requests.push(backend.calls.length);
  }
  const allowed = 3 * count / 20 + 30;
  assert(requests[0] < allowed, `${requests[0]} requests`);
  assert(requests[1] < allowed + 5 * 20, `${requests[1]} requests`);
});
