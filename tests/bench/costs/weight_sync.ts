// Samplers that fetch each step of a training, whose versions are stored by values.
import fs from "node:fs";
import { join } from "node:path";
import type { Backend } from "../../../core/backend.ts";
import { createMemoryBackend, localPath, openRegistry } from "../../../mod.ts";
import { safetensors } from "../../registry/payload/weights/weights.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";
import { MODEL, percent, stateOf, step } from "./weights.ts";

const SHARES = [0.01, 0.05];

export function createWeightSyncGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const measures = SHARES.flatMap((share) =>
    [false, true].map((hasCache) => sync(folder, { share, hasCache, steps: quick ? 3 : 100 }))
  );
  return Promise.resolve({ measures, [Symbol.asyncDispose]: () => Promise.resolve() });
}

/** Fetches each step into a folder, or into memory with a cache. The first one is not counted. */
function sync(
  folder: string,
  { share, hasCache, steps }: { share: number; hasCache: boolean; steps: number },
): Measure {
  let added = "", fetched = "";
  const into = hasCache ? "memory with a cache" : "a folder";
  return {
    name: `fetch a step into ${into}, ${100 * share} % of the values`,
    count: steps,
    unit: "op",
    async run() {
      const root = fs.mkdtempSync(join(folder, "sync-")), data = join(root, MODEL);
      const { backend, store, take } = counted(), cache = hasCache && { path: join(root, "cache") };
      await using trainer = await openRegistry(store, { cache: false });
      const total = { wallMs: 0, cpuMs: 0 }, sum = { added: 0, fetched: 0, size: 0 };
      let model = stateOf(8);
      for (let i = 0; i <= steps; i++) {
        fs.writeFileSync(data, safetensors(model));
        const saved = await trainer.save("a", localPath(data), { share: "values" });
        take();
        const { wallMs, cpuMs } = await timed(async () => {
          await using sampler = await openRegistry(backend, { cache });
          const to = `${join(root, "policy")}/`;
          if (hasCache) await sampler.open("a").then((it) => it.file(MODEL).bytes());
          else await sampler.download("a", { to, overwrite: true });
        });
        model = step(model, share, i);
        const bytes = take();
        if (i === 0) continue;
        sum.added += saved.addedBytes ?? 0;
        sum.fetched += bytes;
        sum.size += saved.size;
        total.wallMs += wallMs;
        total.cpuMs += cpuMs;
      }
      [added, fetched] = [percent(sum.added, sum.size), percent(sum.fetched, sum.size)];
      fs.rmSync(root, { recursive: true });
      return total;
    },
    facts: () => ({ added, fetched }),
  };
}

/** Returns a store in memory that is read like a bucket, and counts the bytes of objects. */
function counted() {
  const store = createMemoryBackend();
  let bytes = 0;
  const backend: Backend = {
    ...store,
    kind: "bucket",
    async get(key, options) {
      const object = await store.get(key, options);
      if (object !== undefined) bytes += options?.range?.length ?? object.info.size;
      return object;
    },
  };
  const take = () => {
    const taken = bytes;
    bytes = 0;
    return taken;
  };
  return { store, backend, take };
}
