// What was made from one version among many: time and backend calls, with what is noted and
// without; and what noting costs a save.
import { join } from "node:path";
import { createLocalBackend, lineageOf, openRegistry } from "../../../mod.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { LINEAGE_WHOLE } from "../../../registry/layout.ts";
import { withCounts } from "../counted_backend.ts";
import { timed } from "../measure.ts";
import type { BenchSettings, Group, Measure } from "../measure.ts";
import { smallObject } from "../values.ts";

/** How many versions are made from the one that is looked at. */
const USERS = 10;

/** Looks down from one among 10,000 and 100,000 versions, and saves with no input, one and two. */
export async function createLineageGroup(
  { folder, quick, operations }: BenchSettings,
): Promise<Group> {
  const counts = quick ? [100, 1_000] : [10_000, 100_000];
  const worlds = await Promise.all(counts.map(async (count) => {
    const path = join(folder, `of-${count}`);
    const { backend, calls } = withCounts(createLocalBackend({ path, durability: "os" }));
    const registry = await openRegistry(backend);
    await fill(registry, count);
    return { count, registry, calls };
  }));
  const durable = await openRegistry(createLocalBackend({ path: join(folder, "durable") }));
  let next = 0;
  return {
    measures: [
      ...worlds.flatMap((world) => [down(world, true), down(world, false)]),
      ...[0, 1, 2].map((inputs): Measure => ({
        name: `save with ${inputs} inputs, on a disk`,
        count: operations,
        unit: "op",
        run: () =>
          timed(async () => {
            for (let n = 0; n < operations; n++) {
              const version = `0.0.${next++}`;
              const noted = inputs === 0 ? {} : { inputs: ["data@1", "data@2"].slice(0, inputs) };
              await durable.save(`with-${inputs}`, smallObject(0, 200), { version, ...noted });
            }
          }),
      })),
    ],
    async [Symbol.asyncDispose]() {
      for (const { registry } of worlds) await registry[Symbol.asyncDispose]();
      await durable[Symbol.asyncDispose]();
    },
  };
}

type World = {
  count: number;
  registry: StoredRegistry;
  calls: ReturnType<typeof withCounts>["calls"];
};

function down({ count, registry, calls }: World, noted: boolean): Measure {
  let made = "";
  return {
    name: `what ${USERS} of ${count.toLocaleString("en")} are made from, ${
      noted ? "by notes" : "by reading all records"
    }`,
    count: 1,
    unit: "op",
    async run() {
      const marker = await (await registry.backend.get(LINEAGE_WHOLE))!.bytes();
      if (!noted) await registry.backend.delete(LINEAGE_WHOLE);
      calls.take();
      const time = await timed(async () => {
        const { edges, scanned } = await lineageOf(registry, "data@1", { direction: "down" });
        if (edges.length !== USERS || scanned === noted) {
          throw new Error("it measures something else");
        }
      });
      made = calls.take();
      await registry.backend.put(LINEAGE_WHOLE, marker);
      return time;
    },
    facts: () => ({ calls: made }),
  };
}

/** Saves so many versions, each made from one: ten of them from `data@1`. */
async function fill(registry: StoredRegistry, count: number): Promise<void> {
  const value = smallObject(0, 200);
  const entries = function* () {
    yield { name: "data", value, version: "1" };
    for (let i = 1; i < count; i++) {
      yield {
        name: "made",
        value,
        version: `0.0.${i}`,
        inputs: [i <= USERS ? "data@1" : `part@0.0.${i}`],
      };
    }
  };
  const { failed, errors } = await registry.saveMany(entries(), { concurrency: 32 });
  if (failed.length > 0) throw errors.get(failed[0]);
}
