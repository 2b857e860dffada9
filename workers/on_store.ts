// A batch on a store that is open here: what is worth it moves to workers.
import type { ArtifactInfo } from "../core/artifact.ts";
import { type Materializer, reopenOf } from "../core/materializer.ts";
import type { DownloadResult, LoadOptions, SavedArtifact, SaveEntry } from "../core/registry.ts";
import { createVerbCall } from "../registry/contract/verb_call.ts";
import { worded } from "../registry/contract/verb_errors.ts";
import { type Budget, createBudget, createShare } from "../core/work/budget.ts";
import { createReader, type Reader } from "../registry/operations/job_reader.ts";
import { checkFiles, downloadVersion, loadValue } from "../registry/operations/load.ts";
import { refMeant } from "../registry/operations/look/suggesting.ts";
import type { Context } from "../registry/operations/context.ts";
import { heldBytesOf, ValueToStore } from "../registry/payload/write.ts";
import { saveFiles } from "../registry/operations/save.ts";
import { DEFAULT_BUDGET_BYTES } from "./batch_work.ts";
import type { BatchOptions, BatchWork, DownloadEntry, VerifyEntry } from "./batch_work.ts";
import { WorkerExecutor } from "./executor.ts";
import type { WorkerPool } from "./pool.ts";
import { bufferBytes, isOurs } from "./wire_job.ts";

/** Below this nothing is gained by asking who should do it. */
const SMALL_BYTES = 128 * 1024;

export function workOnStore(context: Context, options: BatchOptions): BatchWork {
  const work = new StoreWork(context, options);
  return {
    get running() {
      return work.pool.running;
    },
    save: (entry, signal) => worded(createVerbCall("save", entry), () => work.save(entry, signal)),
    load: (ref, rest) => worded({ verb: "load", ref }, () => work.load(ref, rest)),
    download: (entry, signal) =>
      worded({ verb: "download", ref: entry.ref }, () => work.download(entry, signal)),
    verify: (entry, signal) =>
      worded({ verb: "verify", ref: entry.ref }, () => work.verify(entry, signal)),
    close: () => work.pool.close(),
  };
}

class StoreWork {
  readonly pool: WorkerPool;
  readonly #context: Context;
  readonly #executor: WorkerExecutor;
  readonly #budget: Budget;
  readonly #smallBytes: number;

  constructor(context: Context, options: BatchOptions) {
    const {
      workers = defaultWorkers(),
      memoryBudgetBytes = DEFAULT_BUDGET_BYTES,
      stuckAfterMs = 300_000,
      idleMs = 1_000,
      offload = "auto",
    } = options;
    const descriptor = context.backend.reopen;
    const able = descriptor !== undefined && workers > 0;
    this.#smallBytes = offload === "always" && able ? 0 : SMALL_BYTES;
    this.#context = context;
    this.#executor = new WorkerExecutor({
      here: context.executor,
      workers: able ? workers : 0,
      descriptor: descriptor ?? { module: "", name: "", options: {} },
      cache: context.cache?.reopen,
      offload,
      smallBytes: this.#smallBytes,
      stuckAfterMs,
      idleMs,
      logger: context.logger,
      system: context.system,
    });
    this.pool = this.#executor.pool;
    this.#budget = createBudget(memoryBudgetBytes);
  }

  async save(
    { name, value, ...options }: SaveEntry,
    signal?: AbortSignal,
  ): Promise<SavedArtifact> {
    const context = this.#context;
    const { materializer = context.materializers.forValue(value) } = options;
    const held = createShare(this.#budget);
    const produce = async () => {
      const made = this.#filesOf(value, materializer, signal);
      await held.take(heldBytesOf(await made), signal);
      return await made;
    };
    try {
      const made = { name, materializer, produce };
      return await saveFiles(context, made, { ...options, signal }, this.#executor);
    } finally {
      held.give();
    }
  }

  load(ref: string, options: LoadOptions): Promise<unknown> {
    return this.#read(
      ref,
      options,
      (meant, reader) => loadValue(this.#context, meant, options, reader),
    );
  }

  download({ ref, ...rest }: DownloadEntry, signal?: AbortSignal): Promise<DownloadResult> {
    return this.#read(
      ref,
      rest,
      (meant, reader) => downloadVersion(this.#context, meant, { ...rest, signal }, reader),
    );
  }

  verify({ ref, ...rest }: VerifyEntry, signal?: AbortSignal): Promise<ArtifactInfo> {
    return this.#read(
      ref,
      rest,
      (meant, reader) => checkFiles(this.#context, meant, { ...rest, signal }, reader),
    );
  }

  async #read<T>(
    ref: string,
    options: Parameters<typeof refMeant>[2],
    read: (meant: Awaited<ReturnType<typeof refMeant>>, reader: Reader) => Promise<T>,
  ): Promise<T> {
    const [executor, budget, smallBytes] = [this.#executor, this.#budget, this.#smallBytes];
    const reader = createReader({ executor, budget, smallBytes });
    try {
      return await read(await refMeant(this.#context, ref, options), reader);
    } finally {
      reader.end();
    }
  }

  /** The files of a value, or the value itself where a worker can make them. */
  #filesOf(value: unknown, materializer: Materializer, signal: AbortSignal | undefined) {
    const reopen = this.pool.slots.length === 0 ? undefined : reopenOf(materializer);
    if (reopen === undefined || isOurs(reopen)) return materializer.save(value, { signal });
    const here = { save: () => materializer.save(value, { signal }) };
    return new ValueToStore({ value, materializer: reopen, here }, bufferBytes(value));
  }
}

function defaultWorkers(): number {
  return Math.max(1, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1);
}
