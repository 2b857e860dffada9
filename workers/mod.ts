/**
 * Batches: many saves and loads, on worker threads of this program.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createBatch } from "@holdfast/holdfast/workers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await using batch = createBatch(registry);
 * const saved = await batch.saveMany([{ name: "a", value: 1 }, { name: "b", value: 2 }]);
 * assertEquals(saved.failed, []);
 * const loaded = await batch.loadMany(["a", "b", "c"]);
 * assertEquals(loaded.succeeded, [0, 1]);
 * assertEquals(loaded.errors.get(2)?.code, "NotFound");
 * ```
 *
 * @module
 */
import { invalid } from "../core/errors.ts";
import type { ArtifactInfo } from "../core/artifact.ts";
import type {
  BatchOutcome,
  BatchResult,
  DownloadOptions,
  DownloadResult,
  LoadOptions,
  ManyOptions,
  ManyProgress,
  Registry,
  SavedArtifact,
  SaveEntry,
  SignalOptions,
} from "../core/registry.ts";
import { METHODS } from "../core/options/methods.ts";
import { collectOutcomes, type Inputs, outcomeOf, outcomesOf } from "../core/work/outcomes.ts";
import { inLanes, manyOptions } from "../registry/contract/many.ts";
import { MANY } from "../core/registry/many.ts";
import { checkOptions, checkRegistry, type OptionNames } from "../core/options/check_options.ts";
import { checkSaveEntry } from "../core/calls/check_calls.ts";
import { shown } from "../core/naming/names.ts";
import { BatchCalls } from "../registry/operations/batch_calls.ts";
import { type Context, knownContext } from "../registry/operations/context.ts";
import { BatchThreads } from "./batch_threads.ts";
import type { BatchOptions, BatchWork, DownloadEntry, VerifyEntry } from "./batch_work.ts";
import { workByContract } from "./by_contract.ts";

export type { BatchOptions, DownloadEntry, VerifyEntry } from "./batch_work.ts";
export { mapAtOnce } from "../core/work/at_once.ts";
export type { AtOnceOptions } from "../core/work/at_once.ts";
export { outcomesOf } from "../core/work/outcomes.ts";
export type { Shard } from "../core/work/shards.ts";
export type {
  ArtifactInfo,
  BatchOutcome,
  BatchResult,
  DownloadOptions,
  DownloadResult,
  Inputs,
  LoadOptions,
  ManyOptions,
  ManyProgress,
  Registry,
  SavedArtifact,
  SaveEntry,
  SignalOptions,
};

/** Options of `loadMany` and `loadEach`. */
export type LoadManyOptions = ManyOptions & Omit<LoadOptions, "signal" | "onProgress">;

const LOAD_MANY = { ...METHODS.load.options, ...MANY };
const { signal: _, ...DOWNLOAD_OF_MANY } = METHODS.download.options;
const DOWNLOAD_ENTRY: OptionNames<DownloadEntry> = { ref: true, ...DOWNLOAD_OF_MANY };
const VERIFY_ENTRY: OptionNames<VerifyEntry> = {
  ref: true,
  version: true,
  asOf: true,
  links: true,
  include: true,
  exclude: true,
  onProgress: true,
};

/**
 * Many saves and loads on worker threads. In the methods for many inputs, a failure of one input
 * does not stop the others. `saveEach` and `loadEach` yield each outcome when its input ends, and
 * draw inputs as outcomes are taken.
 */
export interface Batch extends AsyncDisposable {
  readonly running: number;
  /** Saves one value, as `saveMany` does, and throws its error. */
  save(entry: SaveEntry, options?: SignalOptions): Promise<SavedArtifact>;
  /** Loads one value, as `loadMany` does, and throws its error. */
  load(ref: string, options?: LoadOptions): Promise<unknown>;
  /** Writes one version to disk, as `downloadMany` does, and throws its error. */
  download(entry: DownloadEntry, options?: SignalOptions): Promise<DownloadResult>;
  /** Checks one version, as `verifyMany` does, and throws its error. */
  verify(entry: VerifyEntry, options?: SignalOptions): Promise<ArtifactInfo>;
  saveMany(entries: Inputs<SaveEntry>, options?: ManyOptions): Promise<BatchResult<SavedArtifact>>;
  /** Loads many values into memory. */
  loadMany(refs: Inputs<string>, options?: LoadManyOptions): Promise<BatchResult<unknown>>;
  /** Writes many versions to disk, each of them completely or not at all. */
  downloadMany(
    entries: Inputs<DownloadEntry>,
    options?: ManyOptions,
  ): Promise<BatchResult<DownloadResult>>;
  /** Reads every byte of many versions from the store, bypassing caches, and checks its SHA-256. */
  verifyMany(
    entries: Inputs<VerifyEntry>,
    options?: ManyOptions,
  ): Promise<BatchResult<ArtifactInfo>>;
  saveEach(
    entries: Inputs<SaveEntry>,
    options?: ManyOptions,
  ): AsyncIterable<BatchOutcome<SavedArtifact>>;
  /** Loads many values. At most `concurrency` of them wait to be taken. */
  loadEach(refs: Inputs<string>, options?: LoadManyOptions): AsyncIterable<BatchOutcome<unknown>>;
  /** Ends the threads after running work, as `await using` does. */
  close(): Promise<void>;
}

/**
 * Creates a batch. The caller's thread runs the commit protocol. If the backend can be opened in
 * workers (`backend.reopen`), they read, materialize, hash, compress, upload and download values
 * that can move: files and folders on disk, bytes and numeric arrays, values whose materializer has
 * `reopen`, and the files of other values. Small values stay on the caller's thread.
 *
 * Everything runs on the caller's thread for memory, for programs that cannot start threads, and
 * for registries without a store in this program, such as those behind a service. For the last,
 * `memoryBudgetBytes` limits only saves; `concurrency` limits loads.
 */
export function createBatch(registry: Registry, options: BatchOptions = {}): Batch {
  checkRegistry("create a batch", registry);
  for (const [option, least] of Object.entries(LEAST)) {
    const value = options[option as keyof typeof LEAST] ?? least;
    if (Number.isSafeInteger(value) && value >= least) continue;
    const state = `${option} is ${value}, not a whole number of at least ${least}`;
    throw invalid("create a batch", undefined, state, { hint: "Omit the option for its default." });
  }
  const context = knownContext(registry);
  const work = context === undefined
    ? workByContract(registry, options)
    : workOnStore(context, options);
  const save = async (entry: SaveEntry, signal?: AbortSignal) =>
    await work.save(checkSaveEntry(entry), signal);
  const download = async (entry: DownloadEntry, signal?: AbortSignal) => {
    const action = `download ${shown(entry?.ref)}`;
    return await work.download(checkOptions(action, entry, DOWNLOAD_ENTRY), signal);
  };
  const verify = async (entry: VerifyEntry, signal?: AbortSignal) => {
    const action = `verify ${shown(entry?.ref)}`;
    return await work.verify(checkOptions(action, entry, VERIFY_ENTRY), signal);
  };

  const many = new ManyOf(registry, options);
  const saves = many.of(
    "writes",
    ({ signal }) => inLanes(registry, (entry: SaveEntry) => save(entry, signal)),
  );
  const loads = many.of(
    "reads",
    ({ concurrency: _, stopOnError: __, onProgress: ___, ...rest }: LoadManyOptions) =>
    (ref: string) => work.load(ref, rest),
    LOAD_MANY,
  );
  const downloads = many.of(
    "reads",
    ({ signal }) => (entry: DownloadEntry) => download(entry, signal),
  );
  const checks = many.of("reads", ({ signal }) => (entry: VerifyEntry) => verify(entry, signal));

  return {
    get running() {
      return work.running;
    },
    save: many.one(save),
    async load(ref, own = {}) {
      const { signal = options.signal, ...rest } = checkOptions(
        `load ${shown(ref)}`,
        own,
        METHODS.load.options,
      );
      return await outcomeOf(work.load(ref, { ...rest, signal }), signal);
    },
    download: many.one(download),
    verify: many.one(verify),
    saveEach: saves.each,
    loadEach: loads.each,
    saveMany: saves.all,
    loadMany: loads.all,
    downloadMany: downloads.all,
    verifyMany: checks.all,
    close: () => work.close(),
    [Symbol.asyncDispose]: () => work.close(),
  };
}

function workOnStore(context: Context, options: BatchOptions): BatchWork {
  const threads = new BatchThreads(context, options);
  const calls = new BatchCalls(context, threads);
  return {
    get running() {
      return threads.running;
    },
    save: (entry, signal) => calls.save(entry, signal),
    load: (ref, rest) => calls.load(ref, rest),
    download: ({ ref, ...rest }, signal) => calls.download(ref, { ...rest, signal }),
    verify: ({ ref, ...rest }, signal) => calls.verify(ref, { ...rest, signal }),
    close: () => threads.close(),
  };
}

/** Makes the methods of a batch from functions for one input. */
class ManyOf {
  readonly #registry: Registry;
  readonly #options: ManyOptions;

  constructor(registry: Registry, options: BatchOptions) {
    const { concurrency, stopOnError, signal, onProgress } = options;
    this.#registry = registry;
    this.#options = { concurrency, stopOnError, signal, onProgress };
  }

  one<E, T>(run: (entry: E, signal?: AbortSignal) => Promise<T>) {
    return (entry: E, { signal = this.#options.signal }: SignalOptions = {}) =>
      outcomeOf(run(entry, signal), signal);
  }

  /** `start` returns the function for each input, from the options of the call. */
  of<I, T, O extends ManyOptions = ManyOptions>(
    way: "reads" | "writes",
    start: (many: O) => (input: I) => Promise<T>,
    known?: OptionNames<O>,
  ) {
    const merged = (own?: O) =>
      ({ ...this.#options, ...checkOptions("load many", own, known) }) as O;
    const outcomes = (inputs: Inputs<I>, many: O) =>
      outcomesOf(inputs, start(many), manyOptions(this.#registry, way, many));
    return {
      async *each(inputs: Inputs<I>, own?: O) {
        yield* outcomes(inputs, merged(own));
      },
      async all(inputs: Inputs<I>, own?: O) {
        const many = merged(own);
        return await collectOutcomes(outcomes(inputs, many), many);
      },
    };
  }
}

const LEAST = { workers: 0, memoryBudgetBytes: 1, stuckAfterMs: 1, idleMs: 0 };
