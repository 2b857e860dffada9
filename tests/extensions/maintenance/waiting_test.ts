import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  collectGarbage,
  measureSpace,
  type WaitingItem,
} from "../../../extensions/maintenance/mod.ts";
import {
  fileSet,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
  testProtocol,
} from "../../registry/protocol_world.ts";
import { noise } from "../../registry/registries.ts";
import { doing } from "../../registry/scripted_backend.ts";

const BYTES = 70_000;

async function waiting(
  { registry, clocks }: ProtocolWorld,
): Promise<[what: string, hours: number][]> {
  const items: WaitingItem[] = [];
  const report = await collectGarbage(registry, { onWaiting: (item) => items.push(item) });
  assertEquals(report.waiting.count, items.length);
  assertEquals(
    report.waiting.nextAt?.getTime(),
    items.map(({ until }) => until.getTime()).sort()[0],
  );
  return items.map(({ what, until }) => [what, (until.getTime() - clocks.store) / HOUR]);
}

testProtocol(
  "garbage is reported with the time of its removal, and removed then",
  {},
  async (world) => {
    const { registry, advance } = world;
    await registry.save("a", noise(BYTES));
    await registry.save("b", noise(BYTES, 2));
    advance(30 * HOUR);
    await registry.delete("a@1");
    advance(HOUR);
    assertEquals(await waiting(world), [["scrubbed", 23], ["payload", 23]]);
    advance(22.5 * HOUR);
    assertEquals(await waiting(world), [["scrubbed", 0.5], ["payload", 0.5]]);
    advance(HOUR);
    assertEquals(await waiting(world), []);
    assertEquals(await world.keys("objects/a/"), []);
  },
);

testProtocol(
  "with now, gc removes all garbage and nothing else",
  { mutable: true },
  async (world) => {
    const { registry } = world;
    await registry.save("a", noise(BYTES));
    await registry.save("a", noise(BYTES, 2), { version: "1", onConflict: "overwrite" });
    await registry.save("b", { common: noise(300_000), own: noise(10) }, { as: fileSet });
    await registry.save("b", { common: noise(300_000), own: noise(10, 2) }, {
      as: fileSet,
    });
    await registry.delete("b@1");
    await registry.save("c", 1, { idempotencyKey: "k" });
    const dry = await collectGarbage(registry, { now: true, dryRun: true });
    const report = await collectGarbage(registry, { now: true });
    assertEquals(report.removed, dry.removed);
    assertEquals([report.removed.payload, report.removed.scrubbed.count, report.failures], [
      { count: 2, bytes: BYTES + 10 }, // with b@1's own small file
      2,
      [],
    ]);
    assertEquals(report.waiting.count, 0);
    assertEquals(await registry.load("a"), noise(BYTES, 2));
    assert(await registry.has("b@2"));
    // b@1 stored it
    assertEquals(await (await registry.open("b")).file("common").bytes(), noise(300_000));
    assertEquals((await registry.save("c", 1, { idempotencyKey: "k" })).skipped, true);
    assertEquals(await world.keys("scratch/"), []);
  },
);

testProtocol("with now, gc skips names that are written to meanwhile", {}, async (world) => {
  const { registry, backend, advance } = world;
  for (const name of ["a", "b"]) {
    await registry.save(name, noise(BYTES));
    await registry.delete(`${name}@1`);
  }
  const { registry: other } = await world.open();
  advance(HOUR);
  backend.answer(
    { verb: "list", key: /^objects\/a\// },
    doing(async () => {
      advance(5_000);
      await other.save("a", noise(BYTES, 2));
    }),
  );
  const { removed, failures } = await collectGarbage(registry, { now: true });
  assertEquals([removed.payload.count, failures.length], [1, 1]);
  assertStringIncludes(failures[0].message, "was written after the run began");
  assertEquals(await registry.load("a@2"), noise(BYTES, 2));
});

testProtocol("space is reported by name, with shared files and garbage", {}, async (world) => {
  const { registry, advance, clocks, backend } = world;
  for (const n of [1, 2, 3]) {
    await registry.save("a", { common: noise(300_000), own: noise(BYTES, n) }, {
      as: fileSet,
    });
  }
  await registry.save("b", noise(BYTES));
  await registry.delete("a@3");
  await world.store.put("uploads/01951e2f-6c00-7abc-8def-0123456789ab/0", noise(1234));
  advance(HOUR);
  backend.forget();
  const report = await measureSpace(registry);
  assertEquals(report.uploadBytes, 1234);
  const writes = backend.calls.filter(({ verb }) => verb === "put" || verb === "delete");
  assertEquals(writes.filter(({ key }) => !key.startsWith("gc/.space/")), []);
  const [a, b] = report.names;
  assertEquals([a.name, a.versions, a.size, a.sharedBytes], [
    "a",
    2,
    2 * (300_000 + BYTES),
    300_000,
  ]);
  assertEquals([b.name, b.versions, b.size, b.sharedBytes, b.garbage.bytes], [
    "b",
    1,
    BYTES,
    0,
    0,
  ]);
  assert(a.garbage.bytes > BYTES && a.garbage.bytes < BYTES + 1000);
  assertEquals(a.garbage.freeableBytes, 0);
  assertEquals(a.garbage.nextAt?.getTime(), clocks.store - HOUR + GRACE_MS);
  assertEquals(report.bytes, a.bytes + b.bytes + report.otherBytes);
  const all = await Array.fromAsync(world.store.list("")) as { size: number }[];
  assertEquals([report.bytes, report.objects], [
    all.reduce((sum, { size }) => sum + size, 0),
    all.length,
  ]);
  advance(2 * GRACE_MS);
  const later = await measureSpace(registry);
  assertEquals(later.garbage.freeableBytes, later.garbage.bytes);
});
