// Batches into a bucket on MinIO, with and without workers: each has a client of its own.
import type { Encoding } from "../../../materializers/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { createServerStore } from "../../servers/server_world.ts";
import { startServer } from "../../support/servers/mod.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";
import { measuredNumbers } from "./batch.ts";

export async function createBucketBatchGroup({ quick }: BenchSettings): Promise<Group> {
  const server = await startServer("minio");
  const values = Array.from({ length: 12 }, (_, seed) => measuredNumbers(seed, 2));
  let round = 0;
  const save = (compress: Encoding, count: number, workers: number): Measure => {
    const title = `${compress}, ${count} arrays`, floor = `${title}: no workers`;
    return {
      name: workers === 0 ? floor : `${title}: ${workers === 1 ? "1 worker" : "2 workers"}`,
      count,
      unit: "op",
      ...workers > 0 && { floor },
      async run() {
        const store = createServerStore(server, { prefix: `round-${round++}` });
        const registry = await openRegistry(store, { cache: false });
        const entries = Array.from({ length: count }, (_, i) => {
          return { name: `array-${i}`, value: values[i % values.length], compress };
        });
        try {
          return await timed(async () => {
            await using batch = createBatch(registry, { workers });
            const { failed } = await batch.saveMany(entries);
            if (failed.length > 0) throw new Error(`Cannot measure ${title}: saves failed`);
          });
        } finally {
          await registry.close();
        }
      },
    };
  };
  const counts = quick ? [12] : [12, 100];
  return {
    measures: (["gzip", "zstd"] as const).flatMap((compress) =>
      counts.flatMap((count) => [0, 1, 2].map((workers) => save(compress, count, workers)))
    ),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
