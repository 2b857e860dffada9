// Listing many names.
import { join } from "node:path";
import { openRegistry } from "../../../mod.ts";
import type { Registry } from "../../../core/registry.ts";
import { timed } from "../measure.ts";
import type { BenchSettings, Group, Measure } from "../measure.ts";

/** Listing 100, 1,000 and 10,000 names. */
export async function createListingGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const sizes = quick ? [100, 1_000] : [100, 1_000, 10_000];
  const registries = new Map<number, Registry>();
  for (const size of sizes) {
    const registry = await openRegistry(join(folder, `names-${size}`), { durability: "os" });
    const entries = Array.from(
      { length: size },
      (_, i) => ({ name: `name-${i}`, value: "x", version: "1.0.0" }),
    );
    const { failed, errors } = await registry.saveMany(entries);
    if (failed.length > 0) throw errors.get(failed[0]);
    registries.set(size, registry);
  }
  return {
    measures: sizes.flatMap((size) => {
      const registry = registries.get(size)!;
      const label = `${size.toLocaleString("en")} names`;
      return [
        list(`list ${label}`, size, () => registry.names(), `list_objects_${size}`),
        list(`list ${label}, first 20`, 20, () => registry.names({ limit: 20 })),
      ];
    }),
    async [Symbol.asyncDispose]() {
      for (const registry of registries.values()) await registry[Symbol.asyncDispose]();
    },
  };
}

function list(
  name: string,
  count: number,
  open: () => AsyncIterable<string>,
  peer?: string,
): Measure {
  const run = () =>
    timed(async () => {
      const names = await Array.fromAsync(open());
      if (names.length !== count) {
        throw new Error(`Cannot list: ${names.length} names came, not ${count}`);
      }
    });
  return { name, count, unit: "op", run, peer };
}
