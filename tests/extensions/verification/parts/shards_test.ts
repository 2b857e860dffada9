import { assert, assertEquals } from "@std/assert";
import { verifyRegistry, type VerifyReport } from "../../../../apps/maintenance.ts";
import type { StoredFile } from "../../../../core/record.ts";
import { Selection } from "../../../../extensions/verification/selection.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import { damage, keysOf } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";
import {
  countsOf,
  createVerifyWorld,
  fillAtRandom,
  problemsOf,
  sumOf,
  type VerifyWorld,
} from "./verify_world.ts";

const MIB = 1024 * 1024;

async function verifyShards(
  { registry }: Pick<VerifyWorld, "registry">,
  count: number,
  options = {},
): Promise<VerifyReport[]> {
  const reports: VerifyReport[] = [];
  for (let index = 0; index < count; index++) {
    reports.push(await verifyRegistry(registry, { shard: { index, count }, ...options }));
  }
  return reports;
}

Deno.test("the counts of all shards add up to those of one run", async () => {
  for (let seed = 1; seed <= casesOfRun(5); seed++) {
    const world = await createVerifyWorld(seed);
    await fillAtRandom(world);
    for (const options of [{}, { deep: false }, { names: ["pack", "small"] }]) {
      const whole = await verifyRegistry(world.registry, options);
      for (const count of [1, 2, 7]) {
        const reports = await verifyShards(world, count, options);
        assertEquals(sumOf(reports), countsOf(whole), `${seed}: ${count} shards`);
        assertEquals(reports.every(({ ok }) => ok), true);
      }
    }
  }
});

Deno.test("damage of each object is found by the shard that has it", async () => {
  for (let seed = 1; seed <= casesOfRun(5); seed++) {
    const world = await createVerifyWorld(seed);
    await fillAtRandom(world);
    const { registry, backend } = world;
    const keys = (await keysOf(backend)).filter((key) => /^(objects|names)\/.*\d/.test(key));
    for (let n = 0; n < casesOfRun(12); n++) {
      const key = world.random.pick(keys);
      const right = await (await backend.get(key))!.bytes();
      const isGone = key.startsWith("objects/") && world.random.chance(0.3);
      if (isGone) await backend.delete(key);
      else await damage(backend, key);
      const whole = await verifyRegistry(registry);
      const shards = await verifyShards(world, 3);
      assertEquals(problemsOf(shards), problemsOf([whole]), `${seed}: ${key}`);
      const ofRecords = shards.flatMap(({ problems }) => problems.filter(({ path }) => !path));
      assertEquals(ofRecords.length, problemsOf([{ ...whole, problems: ofRecords }]).length);
      await backend.put(key, right);
    }
  }
});

Deno.test("bytes that versions share are read by one shard", async () => {
  for (const seed of [1, 2]) {
    const world = await createVerifyWorld(seed);
    await fillAtRandom(world);
    let read = 0;
    const registry = await world.open({}, (backend) => ({
      ...backend,
      async get(key, options) {
        const object = await backend.get(key, options);
        const { offset = 0, length = Infinity } = options?.range ?? {};
        if (key.startsWith("objects/")) read += Math.min(length, object!.info.size - offset);
        return object;
      },
    }));
    const before = await verifyRegistry(registry);
    const once = read;
    read = 0;
    assertEquals(sumOf(await verifyShards({ registry }, 4)), countsOf(before));
    assert(read < 1.02 * once, `${read} bytes instead of ${once}`);
  }
});

Deno.test("the blocks of a large object belong to different shards", () => {
  const file: StoredFile = {
    path: "large",
    size: 1000 * MIB,
    sha256: "",
    parts: [{ object: 0, offset: 10 * MIB, size: 900 * MIB, sha256: "" }, {
      object: 1,
      size: 100 * MIB,
      sha256: "",
    }],
    chunks: { object: 2, size: 10, sha256: "" },
  };
  const source = { keyOf: (_: unknown, { object }: { object: number }) => `objects/a/${object}` };
  const shards = [0, 1, 2].map((index) => new Selection({ index, count: 3 }));
  const amounts = shards.map((shard) => shard.amounts(source, file, "names/a/"));
  assertEquals(amounts.reduce((sum, { now }) => sum + now, 0), 1000 * MIB);
  assertEquals(amounts.every(({ now }) => now > 100 * MIB), true);
  assertEquals(amounts.filter(({ first }) => first === "now").length, 1);
  for (let offset = 0; offset < 900 * MIB; offset += MIB) {
    const reads = shards.map((shard) => shard.reads("objects/a/0", offset));
    assertEquals(reads.filter(Boolean).length, 1);
  }
});

Deno.test("a shard that does not exist is Invalid", async () => {
  const { registry } = await createVerifyWorld(1);
  const wrong = [[2, 2], [-1, 2], [0, 0], [0.5, 2], [0, NaN], [0, 1.5]];
  for (const [index, count] of wrong) {
    await rejected("Invalid", verifyRegistry(registry, { shard: { index, count } }));
  }
});
