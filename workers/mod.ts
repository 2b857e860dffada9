/**
 * Batches: many saves and loads over workers, threads of this program.
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
import { fault, type RegistryError } from "../core/errors.ts";
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
import { collectOutcomes, type Inputs, outcomeOf, outcomesOf } from "../core/work/outcomes.ts";
import { inLanes, manyOptions } from "../registry/contract/many.ts";
import { checkMethods } from "./check_methods.ts";
import { checkOptions, checkRegistry, type OptionNames } from "../core/options/check_options.ts";
import { checkSaveEntry, DOWNLOAD, LOAD, MANY } from "../registry/contract/verb_options.ts";
import { shown } from "../core/naming/names.ts";
import { knownContext } from "../registry/operations/context.ts";
import type { BatchOptions, BatchWork, DownloadEntry, VerifyEntry } from "./batch_work.ts";
import { workByContract } from "./by_contract.ts";
import { workOnStore } from "./on_store.ts";

export type {
  Executor,
  JobKinds,
  JobOptions,
  JobProgress,
  JobUsage,
  RunOptions,
} from "../core/executor.ts";
export { createOperatorExecutor } from "./operators/mod.ts";
export type { OperatorExecutor, OperatorExecutorOptions } from "./operators/mod.ts";
export type { BatchOptions, DownloadEntry, VerifyEntry } from "./batch_work.ts";
export { mapAtOnce } from "../core/work/at_once.ts";
export type { AtOnceOptions } from "../core/work/at_once.ts";
export { createLanes } from "../core/work/lanes.ts";
export type { Lanes } from "../core/work/lanes.ts";
export { outcomesOf } from "../core/work/outcomes.ts";
export { isOfShard, parseShard, shardFromEnvironment } from "../core/work/shards.ts";
export type { FoundShard, Shard } from "../core/work/shards.ts";
export { zip } from "./zip.ts";
export type { ZipOptions } from "./zip.ts";
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

/** Options of loading many values. */
export type LoadManyOptions = ManyOptions & Omit<LoadOptions, "signal" | "onProgress">;

const LOAD_MANY = { ...LOAD, ...MANY };

/** Of the other options a typo does no harm. */
const METHODS = {
  promises: [{ verb: "load", at: 1, known: LOAD }, { verb: "loadMany", at: 1, known: LOAD_MANY }],
  listings: [{ verb: "loadEach", at: 1, known: LOAD_MANY }],
};

const { signal: _, ...DOWNLOAD_OF_MANY } = DOWNLOAD;
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

/** Work that refuses inputs with options that nobody knows. */
function checked(work: BatchWork): BatchWork {
  return {
    get running() {
      return work.running;
    },
    load: work.load,
    save: async (entry, signal) => await work.save(checkSaveEntry(entry), signal),
    download: async (entry, signal) =>
      await work.download(
        checkOptions(`download ${shown(entry?.ref)}`, entry, DOWNLOAD_ENTRY),
        signal,
      ),
    verify: async (entry, signal) =>
      await work.verify(checkOptions(`verify ${shown(entry?.ref)}`, entry, VERIFY_ENTRY), signal),
    close: work.close,
  };
}

/** Many saves and loads over workers, threads of this program. */
export interface Batch extends AsyncDisposable {
  /** Workers that run now. */
  readonly running: number;
  /** Saves one value as `saveMany` does. What fails throws a `RegistryError`, and so do the other three. */
  save(entry: SaveEntry, options?: SignalOptions): Promise<SavedArtifact>;
  /** Loads one value as `loadMany` does. */
  load(ref: string, options?: LoadOptions): Promise<unknown>;
  /** Writes one version to disk as `downloadMany` does. */
  download(entry: DownloadEntry, options?: SignalOptions): Promise<DownloadResult>;
  /** Checks one version as `verifyMany` does. */
  verify(entry: VerifyEntry, options?: SignalOptions): Promise<ArtifactInfo>;
  /** Saves many values; a failure of one does not stop the others. */
  saveMany(entries: Inputs<SaveEntry>, options?: ManyOptions): Promise<BatchResult<SavedArtifact>>;
  /** Loads many values; a failure of one does not stop the others. All of them are in memory then. */
  loadMany(refs: Inputs<string>, options?: LoadManyOptions): Promise<BatchResult<unknown>>;
  /** Writes many versions to disk, each whole or not at all; a failure of one does not stop the others. */
  downloadMany(
    entries: Inputs<DownloadEntry>,
    options?: ManyOptions,
  ): Promise<BatchResult<DownloadResult>>;
  /** Reads every byte of many versions from the store, whatever is cached, and checks it against its SHA-256. */
  verifyMany(
    entries: Inputs<VerifyEntry>,
    options?: ManyOptions,
  ): Promise<BatchResult<ArtifactInfo>>;
  /** Saves many values and says what became of each as it ends. Inputs are drawn as outcomes are taken. */
  saveEach(
    entries: Inputs<SaveEntry>,
    options?: ManyOptions,
  ): AsyncIterable<BatchOutcome<SavedArtifact>>;
  /** Loads many values and hands over each as it comes; at most `concurrency` of them wait to be taken. */
  loadEach(refs: Inputs<string>, options?: LoadManyOptions): AsyncIterable<BatchOutcome<unknown>>;
  /** Writes many versions to disk and says what became of each as it ends. */
  downloadEach(
    entries: Inputs<DownloadEntry>,
    options?: ManyOptions,
  ): AsyncIterable<BatchOutcome<DownloadResult>>;
  /** Checks many versions and says what became of each as it ends. */
  verifyEach(
    entries: Inputs<VerifyEntry>,
    options?: ManyOptions,
  ): AsyncIterable<BatchOutcome<ArtifactInfo>>;
}

/**
 * Creates a batch. The caller's thread keeps the commit protocol; workers read, materialize, hash, compress, upload
 * and download where the backend can be opened there (`backend.reopen`), for values that can move there: files and
 * folders on disk, bytes and arrays of numbers, values whose materializer has `reopen`, and whatever files others make
 * of them. What is small stays on the caller's thread.
 *
 * Memory, programs that may start no threads, and registries that `openRegistry` did not open, such as clients of a
 * service: everything is done on the caller's thread. Of the last, `memoryBudgetBytes` bounds what is saved; what is
 * loaded, only `concurrency` does.
 */
export function createBatch(registry: Registry, options: BatchOptions = {}): Batch {
  checkRegistry("create a batch", registry);
  for (const [option, least] of Object.entries(LEAST)) {
    const value = options[option as keyof typeof LEAST] ?? least;
    if (!Number.isSafeInteger(value) || value < least) throw badNumber(option, value, least);
  }
  const context = knownContext(registry);
  const work = checked(
    context === undefined ? workByContract(registry, options) : workOnStore(context, options),
  );

  function one<E, T>(run: (entry: E, signal?: AbortSignal) => Promise<T>) {
    return (entry: E, { signal = options.signal }: SignalOptions = {}) =>
      outcomeOf(run(entry, signal), signal);
  }

  /** `start` makes what is run for each input, by the options of the call. */
  function manyOf<I, T, O extends ManyOptions = ManyOptions>(
    way: "reads" | "writes",
    start: (many: O) => (input: I) => Promise<T>,
  ) {
    const merged = (own?: O) => ({ ...callOptions(options), ...own }) as O;
    const outcomes = (inputs: Inputs<I>, many: O) =>
      outcomesOf(inputs, start(many), manyOptions(registry, way, many));
    return {
      each: (inputs: Inputs<I>, own?: O) => outcomes(inputs, merged(own)),
      all: (inputs: Inputs<I>, own?: O) =>
        collectOutcomes(outcomes(inputs, merged(own)), merged(own)),
    };
  }

  const saves = manyOf(
    "writes",
    ({ signal }) => inLanes(registry, (entry: SaveEntry) => work.save(entry, signal)),
  );
  const loads = manyOf(
    "reads",
    ({ concurrency: _, stopOnError: __, onProgress: ___, ...rest }: LoadManyOptions) =>
    (ref: string) => work.load(ref, rest),
  );
  const downloads = manyOf(
    "reads",
    ({ signal }) => (entry: DownloadEntry) => work.download(entry, signal),
  );
  const checks = manyOf(
    "reads",
    ({ signal }) => (entry: VerifyEntry) => work.verify(entry, signal),
  );

  return checkMethods<Batch>({
    get running() {
      return work.running;
    },
    save: one(work.save),
    load: (ref, { signal = options.signal, ...rest } = {}) =>
      outcomeOf(work.load(ref, { ...rest, signal }), signal),
    download: one(work.download),
    verify: one(work.verify),
    saveEach: saves.each,
    loadEach: loads.each,
    downloadEach: downloads.each,
    verifyEach: checks.each,
    saveMany: saves.all,
    loadMany: loads.all,
    downloadMany: downloads.all,
    verifyMany: checks.all,
    [Symbol.asyncDispose]: () => work.close(),
  }, METHODS);
}

function callOptions({ concurrency, stopOnError, signal, onProgress }: BatchOptions): ManyOptions {
  return { concurrency, stopOnError, signal, onProgress };
}

const LEAST = { workers: 0, memoryBudgetBytes: 1, stuckAfterMs: 1, idleMs: 0 };

function badNumber(option: string, value: number, least: number): RegistryError {
  return fault({
    code: "Invalid",
    action: "create a batch with",
    subject: option,
    state: `${value}: it must be a whole number from ${least}`,
    hint: "Leave it out for the default.",
  });
}
