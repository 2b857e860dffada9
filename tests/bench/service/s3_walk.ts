// Walks of all keys over S3, as a crawler does, by pages of 1,000: requests of the store, and memory.
import process from "node:process";
import { createHandler } from "../../../apps/server.ts";
import type { Backend } from "../../../backends/mod.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { listedIn, saveFiles } from "../../extensions/gateways/s3/open_s3.ts";
import { createGenerated } from "../costs/large.ts";
import { withCounts } from "../counted_backend.ts";
import { type Measure, timed } from "../measure.ts";

export function walkMeasures(keys: number): Measure[] {
  return [
    walk("names", keys, "delimiter=/", async () => {
      const { backend } = await createGenerated({ names: keys, versions: 1 });
      return backend;
    }),
    walk("files of a version", keys, "prefix=set/@1.0.0/", async () => {
      const backend = createMemoryBackend();
      await using registry = await openRegistry(backend);
      await saveFiles(registry, "set", Array.from({ length: keys }, (_, i) => `${i % 100}/${i}`));
      return backend;
    }),
  ];
}

function walk(what: string, keys: number, query: string, create: () => Promise<Backend>): Measure {
  let facts: Record<string, string | number> = {};
  return {
    name: `a walk of ${keys} ${what} over S3`,
    count: keys,
    unit: "op",
    async run() {
      const { backend, calls } = withCounts(await create());
      await using registry = await openRegistry(backend, { cache: false });
      await using handler = createHandler(registry, { gateways: [createS3Gateway()] });
      calls.take();
      let pages = 0, found = 0, mostMib = 0;
      const before = process.memoryUsage().heapUsed;
      const time = await timed(async () => {
        for (let token: string | undefined, from = ""; pages === 0 || token !== undefined;) {
          const url = `http://localhost/holdfast?list-type=2&${query}${from}`;
          const { keys, next } = listedIn(await (await handler(new Request(url))).text());
          found += keys.length;
          pages++;
          token = next;
          from = `&continuation-token=${token}`;
          mostMib = Math.max(mostMib, (process.memoryUsage().heapUsed - before) / 1024 ** 2);
        }
      });
      if (found !== keys) throw new Error(`Cannot go on: ${found} keys of ${keys}`);
      facts = {
        pages,
        "requests of the store": calls.take(),
        "most memory, MiB": Math.round(mostMib),
      };
      return time;
    },
    facts: () => facts,
  };
}
