import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import { RegistryError, unavailable } from "../../../../core/errors.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { verifyRegistry, type VerifyReport } from "../../../../apps/maintenance.ts";
import { encodeNote } from "../../../../registry/pass/noted.ts";
import { damage, keysOf } from "../../../registry/registries.ts";
import { withAge } from "../../../registry/with_age.ts";
import {
  createVerifyWorld,
  DAY,
  fillAtRandom,
  problemsOf,
  type VerifyWorld,
} from "./verify_world.ts";

const NOTE = "gc/.verified/0-1";
const RUNS = 4;
const SAMPLE = { sample: 1 / RUNS };

async function filledWorld(seed = 1): Promise<VerifyWorld> {
  const world = await createVerifyWorld(seed);
  await fillAtRandom(world);
  return world;
}

/** Runs a cycle, and asserts that it finds all damage. */
async function assertFinds(
  { registry }: Pick<VerifyWorld, "registry">,
  beforeRun: (run: number) => unknown,
): Promise<VerifyReport[]> {
  const { problems, ...whole } = await verifyRegistry(registry, {
    names: ["large", "pack", "zipped"],
  });
  const reports: VerifyReport[] = [];
  for (let run = 0; run < RUNS; run++) {
    await beforeRun(run);
    reports.push(await verifyRegistry(registry, SAMPLE));
  }
  assertEquals(problemsOf(reports), problemsOf([{ ...whole, problems }]));
  return reports;
}

Deno.test("a cycle goes on after missed nights, and in runs of one day", async () => {
  const world = await filledWorld();
  await damage(world.backend);
  for (const gaps of [[1, 9, 1, 23], [0, 0, 0, 0], [0.5, 4, 4, 4]]) {
    world.advance(1);
    const reports = await assertFinds(world, (run) => world.advance(gaps[run]! * DAY));
    assertEquals(reports.at(-1)!.coverage?.unread, 0);
  }
});

Deno.test("the coverage is since the oldest of the last readings", async () => {
  const { registry, advance } = await filledWorld();
  const start = Date.UTC(2026, 0, 1, 3);
  const seen: unknown[] = [];
  for (let run = 0; run < RUNS + 1; run++) {
    const { coverage } = await verifyRegistry(registry, SAMPLE);
    seen.push([coverage?.unread, coverage?.since && (coverage.since.getTime() - start) / DAY]);
    advance(DAY);
  }
  assertEquals(seen, [[0.75, undefined], [0.5, undefined], [0.25, undefined], [0, 0], [0, 1]]);
});

Deno.test("damage stays in the coverage until its part is read again", async () => {
  const world = await filledWorld();
  const { registry, backend, advance } = world;
  const [key] = await keysOf(backend, "objects/zipped/");
  const right = await (await backend.get(key))!.bytes();
  await damage(backend, key);
  const cycle = async () => {
    const seen: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      advance(DAY);
      seen.push((await verifyRegistry(registry, SAMPLE)).coverage!.damaged);
    }
    return seen;
  };
  assertEquals((await cycle()).at(-1), 0.25);
  await backend.put(key, right);
  assertEquals((await cycle()).at(-1), 0);
});

const AT = Date.UTC(2026, 0, 1);
/** Notes, and the fraction that is unread after one run with them. */
const OTHERS: [what: string, unread: number, bytes: (id: string) => Uint8Array][] = [
  ["no note", 0.75, () => new Uint8Array()],
  [
    "a damaged note",
    0.75,
    (registry) => noteOf({ registry }).map((byte, at) => at === 90 ? 7 : byte),
  ],
  ["half a note", 0.75, (registry) => noteOf({ registry }).slice(0, 100)],
  ["another registry", 0.75, () => noteOf({ registry: "01951e2f-6c00-7abc-8def-0123456789ab" })],
  ["another shard", 0.75, (registry) => noteOf({ registry, index: 1, count: 2 })],
  ["the future", 0.75, (registry) => noteOf({ registry, read: [[7000, AT + 9999 * DAY]] })],
  ["old", 0, (registry) => noteOf({ registry, read: [[300, AT], [301, AT - 1], [9000, -AT]] })],
  ["wrong order", 0.75, (registry) => noteOf({ registry, read: [[5, AT], [5, AT], [10_000, AT]] })],
  ["too many positions", 0.75, (registry) => noteOf({ registry, read: [[10_001, AT]] })],
  ["no times", 0.75, (registry) => noteOf({ registry, read: [[10_000, "now"], 5, null] })],
  ["no runs", 0.75, (registry) => noteOf({ registry, read: { to: 3 } })],
  ["another kind of note", 0.75, () => encodeNote(null)],
  ["a very long note", 0.75, () => new Uint8Array(2 * 1024 * 1024)],
];

function noteOf(note: object): Uint8Array {
  return encodeNote({ index: 0, count: 1, read: [[10_000, AT]], ...note });
}

Deno.test("a cycle after any note reads everything", async () => {
  const world = await filledWorld();
  const { backend, registry, advance } = world;
  await damage(backend);
  for (const [what, unread, bytes] of OTHERS) {
    await backend.put(NOTE, bytes(registry.id));
    const reports = await assertFinds(world, () => advance(DAY));
    assertEquals(
      [reports[0]!.coverage?.unread, reports.at(-1)!.coverage?.unread],
      [unread, 0],
      what,
    );
  }
});

Deno.test("without the right to write, days in succession read everything, without a note", async () => {
  const denied = new RegistryError({ code: "Denied", message: "Cannot put: denied", hint: "Ask." });
  const refusing = (backend: Backend): Backend => ({
    ...backend,
    put: (key, ...more) =>
      key.startsWith("gc/") ? Promise.reject(denied) : backend.put(key, ...more),
  });
  for (const seed of [1, 2]) {
    const world = await filledWorld(seed);
    await damage(world.backend);
    const places: StoredRegistry[] = [
      await world.open({ readOnly: true }),
      await world.open({}, refusing),
    ];
    for (const note of [undefined, noteOf({ registry: world.registry.id, read: [[2500, AT]] })]) {
      if (note !== undefined) await world.backend.put(NOTE, note);
      for (const registry of places) await assertFinds({ registry }, () => world.advance(DAY));
      assertEquals((await world.backend.head(NOTE))?.size, note?.byteLength);
    }
  }
});

Deno.test("a note that the store does not return is as good as none", async () => {
  const world = await filledWorld();
  await damage(world.backend);
  await verifyRegistry(world.registry, SAMPLE);
  const registry = await world.open({}, (backend) => ({
    ...backend,
    async get(key, options) {
      if (key !== NOTE) return await backend.get(key, options);
      throw unavailable("get", `"${key}"`, "connection lost", { hint: "Wait.", key });
    },
  }));
  await assertFinds({ registry }, () => world.advance(DAY));
});

Deno.test("runs at the same time leave notes that are true", async () => {
  const world = await filledWorld();
  await damage(world.backend);
  const { registry, open, advance } = world;
  const other = await open();
  const { problems, ...whole } = await verifyRegistry(registry);
  const reports: VerifyReport[] = [];
  for (let run = 0; run < RUNS; run++) {
    advance(DAY);
    const both = [registry, other].map((each) => verifyRegistry(each, SAMPLE));
    reports.push(...await Promise.all(both));
  }
  assertEquals(problemsOf(reports), problemsOf([{ ...whole, problems }]));
});

Deno.test("a run that is aborted notes nothing", async () => {
  const world = await filledWorld();
  const { registry, open, advance } = world;
  const before = await verifyRegistry(registry, SAMPLE);
  for (const stopAt of [0, 3, 12]) {
    advance(DAY);
    const controller = new AbortController();
    let reads = 0;
    const stopping = await open({}, (backend) => ({
      ...backend,
      async get(key, options) {
        if (controller.signal.aborted) throw controller.signal.reason;
        const object = await backend.get(key, options);
        if (key !== NOTE && !key.startsWith("settings/") && reads++ === stopAt) {
          controller.abort(new Error("enough"));
        }
        return object;
      },
    }));
    const { signal } = controller;
    await assertRejects(() => verifyRegistry(stopping, { ...SAMPLE, signal }), Error, "enough");
  }
  const after = await verifyRegistry(await open({ readOnly: true }), SAMPLE);
  assertEquals(after.coverage, before.coverage);
});

Deno.test("shards cover the registry together, and follow a change of their number", async () => {
  const { registry, advance } = await filledWorld();
  const start = Date.UTC(2026, 0, 1, 3);
  const verify = async (index: number, count: number, options = {}) => {
    advance(DAY);
    const { coverage } = await verifyRegistry(registry, { shard: { index, count }, ...options });
    return [coverage?.unread, coverage?.since && (coverage.since.getTime() - start) / DAY];
  };
  assertEquals(await verify(0, 2), [1, undefined]);
  assertEquals(await verify(1, 2), [0, 1]);
  assertEquals(await verify(0, 4, SAMPLE), [0, 1]);
  assertEquals(await verify(0, 2), [0, 2]);
  assertEquals(await verify(0, 1), [0, 5]);
});

Deno.test("a shard does not read at once what a run over all has read", async () => {
  const { registry } = await filledWorld();
  await verifyRegistry(registry, SAMPLE);
  for (const index of [0, 1]) {
    await verifyRegistry(registry, { ...SAMPLE, shard: { index, count: 2 } });
  }
  assertEquals((await verifyRegistry(registry, SAMPLE)).coverage?.unread, 0.25);
});

Deno.test("a full run writes a note only if there is one", async () => {
  const { registry, backend, advance, open } = await filledWorld();
  assertEquals((await verifyRegistry(registry)).coverage, undefined);
  assertEquals(await keysOf(backend, "gc/"), []);
  await verifyRegistry(registry, { ...SAMPLE, names: ["pack"] });
  assertEquals(await keysOf(backend, "gc/"), []);
  await verifyRegistry(registry, SAMPLE);
  advance(DAY);
  const readOnly = await verifyRegistry(await open({ readOnly: true }));
  assertEquals([readOnly.coverage?.unread, readOnly.unseen.auxiliary], [0.75, 1]);
  const { coverage, unseen } = await verifyRegistry(registry);
  assertEquals([coverage?.unread, coverage?.since?.getTime()], [0, Date.UTC(2026, 0, 2, 3)]);
  assertEquals(unseen.auxiliary, 1);
});

Deno.test("gc keeps the notes", async () => {
  const { registry, backend, open } = await filledWorld();
  await verifyRegistry(registry, SAMPLE);
  await collectGarbage(await open({}, (store) => withAge(store, 365 * DAY)));
  assert((await keysOf(backend)).includes(NOTE));
});

Deno.test("a run that began earlier does not hide damage that a later one found", async () => {
  const world = await filledWorld();
  const { backend, advance } = world;
  let other: VerifyReport | undefined;
  const slow = await world.open({}, (store) => ({
    ...store,
    async *list(prefix, options) {
      yield* store.list(prefix, options);
      if (prefix !== "lineage/" || other !== undefined) return;
      advance(1000);
      await damage(backend);
      other = await verifyRegistry(world.registry, { sample: 1 });
    },
  }));
  const { ok, coverage } = await verifyRegistry(slow, { sample: 1 });
  assertEquals([ok, coverage?.damaged], [true, 1]);
  assertEquals(other?.ok, false);
});
