import { assertEquals, assertMatch } from "@std/assert";
import { verifyRegistry, type VerifyReport } from "../../../../apps/maintenance.ts";
import { windowsOf } from "../../../../extensions/verification/sample.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import { damage, keysOf } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";
import {
  countsOf,
  createVerifyWorld,
  DAY,
  fillAtRandom,
  problemsOf,
  type VerifyWorld,
} from "./verify_world.ts";

/** Verifies samples on as many days. */
async function verifyNights(
  { registry, advance }: VerifyWorld,
  runs: number,
  options: Parameters<typeof verifyRegistry>[1] = {},
): Promise<VerifyReport[]> {
  const reports: VerifyReport[] = [];
  for (let run = 0; run < runs; run++) {
    advance(DAY);
    reports.push(await verifyRegistry(registry, { sample: 1 / runs, ...options }));
  }
  return reports;
}

Deno.test("the samples of a cycle read everything once, and all records each time", async () => {
  for (let seed = 1; seed <= casesOfRun(5); seed++) {
    const world = await createVerifyWorld(seed);
    await fillAtRandom(world);
    const whole = await verifyRegistry(world.registry);
    const { files, bytes, ...others } = countsOf(whole);
    for (const runs of [3, 10]) {
      const reports = await verifyNights(world, runs);
      let readBytes = 0, readFiles = 0;
      for (const report of reports) {
        const { files: readNow, left, bytes: bytesNow, bytesLater, ...same } = countsOf(report);
        assertEquals({ ...same, left: 0, bytesLater: 0 }, others);
        assertEquals([readNow + left, bytesNow + bytesLater], [files, bytes]);
        assertEquals([report.ok, report.later?.runs], [true, runs]);
        readBytes += bytesNow;
        readFiles += readNow;
      }
      // Files inside records are read each time.
      const inRecords = reports.reduce((least, report) => Math.min(least, report.bytes), bytes);
      assertEquals(readFiles >= files && readBytes >= bytes, true);
      assertEquals(readBytes <= bytes + (runs - 1) * inRecords, true, `${seed}: ${runs} runs`);
    }
  }
});

Deno.test("damage of each object is found by one run of a cycle", async () => {
  for (let seed = 1; seed <= casesOfRun(3); seed++) {
    const world = await createVerifyWorld(seed);
    await fillAtRandom(world);
    const { registry, backend } = world;
    const keys = (await keysOf(backend)).filter((key) => /^objects\/.*\d/.test(key));
    for (let n = 0; n < casesOfRun(6); n++) {
      const key = world.random.pick(keys);
      const right = await (await backend.get(key))!.bytes();
      await damage(backend, key);
      const whole = await verifyRegistry(registry);
      assertEquals(problemsOf(await verifyNights(world, 3)), problemsOf([whole]), key);
      const shards: VerifyReport[] = [];
      for (const index of [0, 1]) {
        shards.push(...await verifyNights(world, 3, { shard: { index, count: 2 } }));
      }
      assertEquals(problemsOf(shards), problemsOf([whole]), `${key} by shards`);
      await backend.put(key, right);
    }
  }
});

Deno.test("damage of a record is found by each run", async () => {
  const world = await createVerifyWorld(1);
  await fillAtRandom(world);
  const [key] = await keysOf(world.backend, "names/pack/versions/");
  await damage(world.backend, key);
  for (const { ok, problems } of await verifyNights(world, 4)) {
    assertEquals([ok, problems[0]?.key], [false, key]);
  }
});

Deno.test("windows of any size are all positions, in at most as many runs", () => {
  for (const runs of [1, 2, 3, 7, 30, 31, 60, 90, 100, 365, 1000, 9999, 10_000]) {
    const windows = windowsOf(1 / runs);
    assertEquals(windows.length <= runs, true, `${runs}`);
    windows.reduce((end, { from, to }) => {
      assertEquals([from, to > from], [end, true]);
      return to;
    }, 0);
    assertEquals(windows.at(-1)!.to, 10_000);
  }
  for (const [sample, runs] of [[0.01, 100], [0.07, 15], [0.1, 10], [0.5, 2], [0.6, 2]]) {
    assertEquals(windowsOf(sample).length, runs, `${sample}`);
  }
});

Deno.test("a sample that makes no sense is Invalid", async () => {
  const { registry } = await createVerifyWorld(1);
  for (const sample of [0, -0.1, 1.01, 30, NaN, Infinity, 0.00001, "0.5" as unknown as number]) {
    const error = await rejected("Invalid", verifyRegistry(registry, { sample }));
    assertMatch(error.message, /^Cannot verify the registry: sample is /);
  }
  await rejected("Invalid", verifyRegistry(registry, { sample: 0.5, deep: false }));
  assertEquals((await verifyRegistry(registry, { sample: 1 })).later, undefined);
});
