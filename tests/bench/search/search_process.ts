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

export interface SearchReport {
  /** Until the index was compared with the registry as a whole. */
  readMs: number;
  requests: Record<string, number>;
  /** By query. */
  queries: Record<string, { ms: number; total: number }>;
  /** A search after a save of its service. */
  afterSaveMs: number;
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
  const timed = async <T>(run: () => Promise<T>): Promise<[number, T]> => {
    const began = performance.now();
    const result = await run();
    return [Math.round(performance.now() - began), result];
  };
  const search = (query: string) =>
    timed(() =>
      index.search(
        {},
        (found) => searchBlocks(found, query, { offset: 0, limit: 50, mayRead: () => true }),
      )
    );
  const [readMs, { cut }] = await timed(() => index.read());
  const requests = { ...calls.counts };
  const queries: SearchReport["queries"] = {};
  for (const query of Object.values(QUERIES)) {
    const [ms, { total }] = await search(query);
    queries[query] = { ms, total };
  }
  const name = nameAt(Math.floor(Number(names) / 2));
  await registry.save(name, 1, { metadata: { epochs: 1000 } });
  await writes.note(name);
  const [afterSaveMs, { total }] = await search("metadata.epochs=1000");
  if (total !== 1 && !cut) throw new Error(`Cannot find the saved version: ${total} found`);
  const report: SearchReport = {
    readMs,
    requests,
    queries,
    afterSaveMs,
    cut,
    peakRssMib: peakRssMib(),
  };
  closing.abort();
  await index.close();
  console.log(JSON.stringify(report));
}
