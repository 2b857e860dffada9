// Reads the search index of a generated registry, and searches it. Prints times, requests and memory.
// Arguments: the number of names, versions of each, and the folder of the index.
import process from "node:process";
import { WrittenNames } from "../../../apps/server/memory/written_names.ts";
import { searchBlocks } from "../../../apps/server/search/search_blocks.ts";
import { SearchIndexReader } from "../../../apps/server/search/search_index.ts";
import { openRegistry, realSystem } from "../../../mod.ts";
import { peakRssMib } from "../batch/memory_process.ts";
import { createGenerated, nameAt } from "../costs/large.ts";
import { withCounts } from "../counted_backend.ts";
import { timed, type Timing } from "../measure.ts";

export interface SearchReport {
  /** Until the index was compared with the registry as a whole. */
  read: Timing;
  requests: Record<string, number>;
  /** By query. */
  queries: Record<string, { time: Timing; total: number }>;
  /** A search after a save of its service. */
  afterSave: Timing;
  cut: boolean;
  peakRssMib: number;
}

export const QUERIES = {
  number: "metadata.epochs>97",
  numbers: "metadata.dataset=coco metadata.loss<0.01",
  name: "name=data:000000007",
  word: "coco-7777",
  alias: "alias=production",
};

const DATASETS = ["imagenet", "coco", "cifar10", "mnist"];

/** Metadata as of a training run, different for each version. */
export function metadataOf(index: number): Record<string, string | number> {
  const random = (of: number) => (Math.imul(index + 1, 2_654_435_761 + of) >>> 0) / 2 ** 32;
  const dataset = DATASETS[Math.floor(random(4) * DATASETS.length)]!;
  return {
    epochs: Math.floor(random(1) * 100),
    loss: random(2),
    rate: [0.1, 0.01, 0.001][Math.floor(random(8) * 3)]!,
    dataset,
    run: `${dataset}-${Math.floor(random(16) * 1e6)}`,
  };
}

if (import.meta.main) {
  const [names = "", versions = "", folder = ""] = process.argv.slice(2);
  const generated = await createGenerated({
    names: Number(names),
    versions: Number(versions),
    metadataOf,
  });
  const { backend, calls } = withCounts(generated.backend);
  await using registry = await openRegistry(backend, { system: generated.system, create: false });
  calls.take();
  const closing = new AbortController();
  const writes = new WrittenNames();
  const logger = { ...console, info: () => {}, debug: () => {} };
  const index = new SearchIndexReader(registry, {
    system: realSystem,
    logger,
    closing: closing.signal,
    writes,
    folder: folder === "" ? undefined : folder,
  });
  const timedResult = async <T>(run: () => Promise<T>): Promise<[Timing, T]> => {
    let result: T;
    const time = await timed(async () => result = await run());
    return [time, result!];
  };
  const search = (query: string) =>
    timedResult(() =>
      index.search(
        {},
        (found) => searchBlocks(found, query, { offset: 0, limit: 50, mayRead: () => true }),
      )
    );
  const [read, { cut }] = await timedResult(() => index.read());
  const requests = { ...calls.counts };
  const queries: SearchReport["queries"] = {};
  for (const query of Object.values(QUERIES)) {
    const [time, { total }] = await search(query);
    queries[query] = { time, total };
  }
  const name = nameAt(Math.floor(Number(names) / 2));
  await registry.save(name, 1, { metadata: { epochs: 1000 } });
  await writes.note(name);
  const [afterSave, { total }] = await search("metadata.epochs=1000");
  if (total !== 1 && !cut) throw new Error(`Cannot find the saved version: ${total} found`);
  const report: SearchReport = {
    read,
    requests,
    queries,
    afterSave,
    cut,
    peakRssMib: peakRssMib(),
  };
  closing.abort();
  await index.close();
  console.log(JSON.stringify(report));
}
