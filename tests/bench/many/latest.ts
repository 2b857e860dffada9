// The latest of many versions, and above many deleted ones: time and backend calls.
import { saveMany } from "../../../registry/contract/many.ts";
import { join } from "node:path";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import type { Registry } from "../../../core/registry.ts";
import { withCounts } from "../counted_backend.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";
import { smallObject } from "../values.ts";

/** Loads of the latest of 10, 1,000 and 100,000 versions, and of one below 10,000 that were deleted. */
export async function createLatestGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const counts = quick ? [10, 200, 1_000] : [10, 1_000, 100_000];
  const deleted = quick ? 500 : 10_000;
  const path = join(folder, "latest");
  const { backend, calls } = withCounts(createLocalBackend({ path, durability: "os" }));
  const registry = await openRegistry(backend);
  for (const count of counts) await fill(registry, `of-${count}`, { from: 0, count });
  await fill(registry, "below", { from: 0, count: 10 });
  await fill(registry, "below", { from: 10, count: deleted });
  for (let i = 10; i < 10 + deleted; i++) await registry.delete(`below@0.0.${i}`);

  const below = `the latest below ${deleted.toLocaleString("en")} deleted versions`;
  return {
    measures: [
      ...counts.flatMap((count) => [
        load(`load the latest of ${count.toLocaleString("en")}`, `of-${count}`, "warm"),
        load(`load the latest of ${count.toLocaleString("en")}`, `of-${count}`, "cold"),
        load(
          `load one of ${count.toLocaleString("en")} by its version`,
          `of-${count}@0.0.0`,
          "warm",
        ),
        saveNext(`save the next above ${count.toLocaleString("en")}`, `of-${count}`),
      ]),
      load(`load ${below}`, "below", "warm"),
      load(`load ${below}`, "below", "cold"),
    ],
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };

  function load(label: string, ref: string, state: "warm" | "cold"): Measure {
    let made = "";
    return {
      name: `${label}, ${state}`,
      count: 1,
      unit: "op",
      async run() {
        const opened = state === "warm" ? registry : await openRegistry(backend, { create: false });
        calls.take();
        const time = await timed(() => opened.load(ref));
        made = calls.take();
        return time;
      },
      facts: () => ({ calls: made }),
    };
  }

  function saveNext(label: string, name: string): Measure {
    let made = "";
    return {
      name: label,
      count: 1,
      unit: "op",
      async run() {
        calls.take();
        const time = await timed(() => registry.save(name, smallObject(0)));
        made = calls.take();
        return time;
      },
      facts: () => ({ calls: made }),
    };
  }
}

/** Saves versions 0.0.`from` and so on. */
async function fill(
  registry: Registry,
  name: string,
  { from, count }: { from: number; count: number },
): Promise<void> {
  const value = smallObject(0, 200);
  const entries = function* () {
    for (let i = from; i < from + count; i++) yield { name, value, version: `0.0.${i}` };
  };
  const { failed, errors } = await saveMany(registry, entries(), { concurrency: 32 });
  if (failed.length > 0) throw errors.get(failed[0]);
}
