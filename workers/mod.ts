/**
 * Batches: many saves and loads over Web Workers.
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
import { RegistryError } from "../core/errors.ts";
import type { ArtifactInfo } from "../core/artifact.ts";
import { parseRef } from "../core/naming/refs.ts";
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
import { reopenOf } from "../core/materializer.ts";
import type { Materializer } from "../core/materializer.ts";
import { collectOutcomes, outcomeOf, outcomesOf } from "../core/work/outcomes.ts";
import type { Inputs } from "../core/work/outcomes.ts";
import { contextOf } from "../registry/opening/context.ts";
import { checkFiles, downloadFiles, loadValue } from "../registry/load.ts";
import { inLanes, manyOptions } from "../registry/many.ts";
import { heldBytesOf, ValueToStore } from "../registry/payload/write.ts";
import { saveFiles } from "../registry/save.ts";
import { createBudget } from "../core/work/budget.ts";
import { createWorkerExecutor } from "./executor.ts";
import { createReader } from "../registry/jobs/reader.ts";
import type { Reader } from "../registry/jobs/reader.ts";
import { bufferBytes, isOurs } from "./wire_job.ts";

export { mapAtOnce } from "../core/work/at_once.ts";
export type { AtOnceOptions } from "../core/work/at_once.ts";
export { createLanes } from "../core/work/lanes.ts";
export type { Lanes } from "../core/work/lanes.ts";
export { outcomesOf } from "../core/work/outcomes.ts";
export { isOfShard, parseShard, shardFromEnvironment } from "../core/work/shards.ts";
export type { FoundShard } from "../core/work/shards.ts";
export type { Shard } from "../core/pipelines/operator.ts";
export { zip } from "../core/work/zip.ts";
export type { ZipOptions } from "../core/work/zip.ts";
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

/** Below this nothing is gained by asking who should do it. */
const SMALL_BYTES = 128 * 1024;

/** Options of {@linkcode createBatch}. */
export interface BatchOptions extends ManyOptions {
  /** Most workers; 0 for none. They start when there is work that is worth it; after a crash there may be half as many more, at least 1. @default one less than the processors, at least 1 */
  workers?: number;
  /**
   * What is given to workers: `auto`, what is done sooner then; `always`, all that can move, whatever its size, so that
   * the caller's thread stays free. @default "auto"
   */
  offload?: "auto" | "always";
  /** Most bytes of values under way at once: the files of saves, as far as they are not read piece by piece, and what is being loaded; one larger value goes alone. @default 268435456 (256 MiB) */
  memoryBudgetBytes?: number;
  /** A worker that says nothing for so long is ended and its work done again, milliseconds. @default 300000 */
  stuckAfterMs?: number;
  /** Workers without work are ended after so long, milliseconds. @default 1000 */
  idleMs?: number;
}

/** Options of loading many values. */
export type LoadManyOptions = ManyOptions & Omit<LoadOptions, "signal" | "onProgress">;

/** A version to write to disk. */
export interface DownloadEntry extends Omit<DownloadOptions, "signal"> {
  /** The version: `name`, `name@1.2.0` or `name@alias`. */
  ref: string;
}

/** A version to check. */
export interface VerifyEntry extends Omit<DownloadEntry, "to" | "overwrite" | "verify"> {}

/** Many saves and loads over Web Workers. */
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
  downloadMany(entries: Inputs<DownloadEntry>, options?: ManyOptions): Promise<BatchResult<DownloadResult>>;
  /** Reads every byte of many versions from the store, whatever is cached, and checks it against its SHA-256. */
  verifyMany(entries: Inputs<VerifyEntry>, options?: ManyOptions): Promise<BatchResult<ArtifactInfo>>;
  /** Saves many values and says what became of each as it ends. Inputs are drawn as outcomes are taken. */
  saveEach(entries: Inputs<SaveEntry>, options?: ManyOptions): AsyncIterable<BatchOutcome<SavedArtifact>>;
  /** Loads many values and hands over each as it comes; at most `concurrency` of them wait to be taken. */
  loadEach(refs: Inputs<string>, options?: LoadManyOptions): AsyncIterable<BatchOutcome<unknown>>;
  /** Writes many versions to disk and says what became of each as it ends. */
  downloadEach(entries: Inputs<DownloadEntry>, options?: ManyOptions): AsyncIterable<BatchOutcome<DownloadResult>>;
  /** Checks many versions and says what became of each as it ends. */
  verifyEach(entries: Inputs<VerifyEntry>, options?: ManyOptions): AsyncIterable<BatchOutcome<ArtifactInfo>>;
}

/**
 * Creates a batch. The caller's thread keeps the commit protocol; workers read, materialize, hash, compress, upload
 * and download where the backend can be opened there (`backend.reopen`), for values that can move there: files and
 * folders on disk, bytes and arrays of numbers, values whose materializer has `reopen`, and whatever files others make
 * of them. What is small stays on the caller's thread.
 *
 * Memory and runtimes without Web Workers: everything is done on the caller's thread.
 */
export function createBatch(registry: Registry, options: BatchOptions = {}): Batch {
  const context = contextOf(registry, "create a batch");
  const { workers = defaultWorkers(), memoryBudgetBytes = 256 * 1024 * 1024, stuckAfterMs = 300_000, idleMs = 1_000 } =
    options;
  const { offload = "auto" } = options;
  check("workers", workers, 0);
  check("memoryBudgetBytes", memoryBudgetBytes, 1);
  check("stuckAfterMs", stuckAfterMs, 1);
  check("idleMs", idleMs, 0);
  const descriptor = context.backend.reopen;
  const able = descriptor !== undefined && "Worker" in globalThis && workers > 0;
  const smallBytes = offload === "always" && able ? 0 : SMALL_BYTES;
  const executor = createWorkerExecutor({
    here: context.executor,
    workers: able ? workers : 0,
    descriptor: descriptor ?? { module: "", name: "", options: {} },
    cache: context.cache?.reopen,
    offload,
    smallBytes,
    stuckAfterMs,
    idleMs,
    logger: context.logger,
    system: context.system,
  });
  const { pool } = executor;
  const budget = createBudget(memoryBudgetBytes);

  async function save({ name, value, ...options }: SaveEntry, signal?: AbortSignal): Promise<SavedArtifact> {
    const { materializer = context.materializers.forValue(value) } = options;
    let takenBytes = 0;
    const produce = async () => {
      const made = filesOf(value, materializer, { signal });
      budget.give(takenBytes);
      takenBytes = 0;
      const heldBytes = heldBytesOf(await made);
      await budget.take(heldBytes, signal);
      takenBytes = heldBytes;
      return await made;
    };
    try {
      return await saveFiles(context, { name, materializer, produce }, { ...options, signal }, executor);
    } finally {
      budget.give(takenBytes);
    }
  }

  /** The files of a value, or the value itself where a worker can make them. */
  function filesOf(value: unknown, materializer: Materializer, { signal }: { signal?: AbortSignal }) {
    const reopen = pool.slots.length === 0 ? undefined : reopenOf(materializer);
    if (reopen === undefined || isOurs(reopen)) return materializer.save(value, { signal });
    const here = { save: () => materializer.save(value, { signal }) };
    return new ValueToStore({ value, materializer: reopen, here }, bufferBytes(value));
  }

  function load(ref: string, rest: LoadOptions): Promise<unknown> {
    return reading((reader) => loadValue(context, parseRef(ref, rest.version), rest, reader));
  }

  function download({ ref, ...rest }: DownloadEntry, signal?: AbortSignal): Promise<DownloadResult> {
    return reading((reader) => downloadFiles(context, parseRef(ref, rest.version), { ...rest, signal }, reader));
  }

  function verify({ ref, ...rest }: VerifyEntry, signal?: AbortSignal): Promise<ArtifactInfo> {
    return reading((reader) => checkFiles(context, parseRef(ref, rest.version), { ...rest, signal }, reader));
  }

  async function reading<T>(read: (reader: Reader) => Promise<T>): Promise<T> {
    const reader = createReader({ executor, budget, smallBytes });
    try {
      return await read(reader);
    } finally {
      reader.end();
    }
  }

  function one<E, T>(run: (entry: E, signal?: AbortSignal) => Promise<T>) {
    return (entry: E, { signal = options.signal }: SignalOptions = {}) => outcomeOf(run(entry, signal), signal);
  }

  /** `start` makes what is run for each input, by the options of the call. */
  function manyOf<I, T, O extends ManyOptions = ManyOptions>(
    verb: "save" | "load",
    start: (many: O) => (input: I) => Promise<T>,
  ) {
    const merged = (own?: O) => ({ ...callOptions(options), ...own }) as O;
    const outcomes = (inputs: Inputs<I>, many: O) => outcomesOf(inputs, start(many), manyOptions(context, verb, many));
    return {
      each: (inputs: Inputs<I>, own?: O) => outcomes(inputs, merged(own)),
      all: (inputs: Inputs<I>, own?: O) => collectOutcomes(outcomes(inputs, merged(own)), merged(own)),
    };
  }

  const saves = manyOf("save", ({ signal }) => inLanes(context, (entry: SaveEntry) => save(entry, signal)));
  const loads = manyOf(
    "load",
    ({ concurrency: _, stopOnError: __, onProgress: ___, ...rest }: LoadManyOptions) => (ref: string) =>
      load(ref, rest),
  );
  const downloads = manyOf("load", ({ signal }) => (entry: DownloadEntry) => download(entry, signal));
  const checks = manyOf("load", ({ signal }) => (entry: VerifyEntry) => verify(entry, signal));

  return {
    get running() {
      return pool.running;
    },
    save: one(save),
    load: (ref, { signal = options.signal, ...rest } = {}) => outcomeOf(load(ref, { ...rest, signal }), signal),
    download: one(download),
    verify: one(verify),
    saveEach: saves.each,
    loadEach: loads.each,
    downloadEach: downloads.each,
    verifyEach: checks.each,
    saveMany: saves.all,
    loadMany: loads.all,
    downloadMany: downloads.all,
    verifyMany: checks.all,
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

function callOptions({ concurrency, stopOnError, signal, onProgress }: BatchOptions): ManyOptions {
  return { concurrency, stopOnError, signal, onProgress };
}

function defaultWorkers(): number {
  return Math.max(1, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1);
}

function check(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot create a batch with ${option}: ${value}: it must be a whole number from ${least}`,
    hint: "Leave it out for the default.",
  });
}
