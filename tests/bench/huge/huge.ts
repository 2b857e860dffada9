// A file of 4 GiB, saved and downloaded in a process of its own, whose memory is watched.
import { join } from "node:path";
import { streamAndHash } from "../floors.ts";
import { timed } from "../measure.ts";
import type { BenchSettings, Group, Measure } from "../measure.ts";
import { createHugeMeasures, writeHuge } from "./transfer_huge.ts";

/** Saving and downloading one huge file. */
// deno-lint-ignore require-await -- like the other groups
export async function createHugeGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const mib = quick ? 256 : 4096;
  const file = writeHuge(folder, mib);
  const floor: Measure = {
    name: "floor: read, SHA-256, write",
    count: mib,
    unit: "MiB",
    run: () => timed(() => streamAndHash(file, join(folder, "copy.bin"))),
  };
  return {
    measures: [
      ...createHugeMeasures({ folder, mib }).map((measure) => ({ ...measure, floor: floor.name })),
      floor,
    ],
    async [Symbol.asyncDispose]() {},
  };
}
