// A batch over a local store. Jobs that are worth it move to workers.
import type { ArtifactInfo } from "../core/artifact.ts";
import { type Materializer, reopenOf } from "../core/materializer.ts";
import type {
  DownloadResult,
  LoadOptions,
  RefOptions,
  SavedArtifact,
  SaveEntry,
} from "../core/registry.ts";
import { materializerFor } from "../registry/contract/make_value.ts";
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
import { bufferBytes, isOurs } from "./wire_job.ts";

/** Smaller jobs stay on the caller's thread. */
const SMALL_BYTES = 128 * 1024;

type Ref = Awaited<ReturnType<typeof refMeant>>;

export class WorkOnStore implements BatchWork {
  readonly #context: Context;
  readonly #executor: WorkerExecutor;
  readonly #budget: Budget;
  readonly #smallBytes: number;

  constructor(context: Context, options: BatchOptions) {
    const {
      workers = Math.max(1, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1),
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
    this.#budget = createBudget(memoryBudgetBytes);
  }

  get running(): number {
    return this.#executor.pool.running;
  }

  close(): Promise<void> {
    return this.#executor.pool.close();
  }

  save(entry: SaveEntry, signal?: AbortSignal): Promise<SavedArtifact> {
    return worded(createVerbCall("save", entry), async () => {
      const { name, value, ...options } = entry;
      const { materializers } = this.#context;
      const { materializer = materializerFor(materializers, name, value) } = options;
      const held = createShare(this.#budget);
      const produce = async () => {
        const made = this.#filesOf(value, materializer, signal);
        await held.take(heldBytesOf(await made), signal);
        return await made;
      };
      try {
        const made = { name, materializer, produce };
        return await saveFiles(this.#context, made, { ...options, signal }, this.#executor);
      } finally {
        held.give();
      }
    });
  }

  load(ref: string, options: LoadOptions): Promise<unknown> {
    return this.#read("load", ref, options, loadValue);
  }

  download({ ref, ...rest }: DownloadEntry, signal?: AbortSignal): Promise<DownloadResult> {
    return this.#read("download", ref, { ...rest, signal }, downloadVersion);
  }

  verify({ ref, ...rest }: VerifyEntry, signal?: AbortSignal): Promise<ArtifactInfo> {
    return this.#read("verify", ref, { ...rest, signal }, checkFiles);
  }

  #read<T, O extends RefOptions>(
    verb: string,
    ref: string,
    options: O,
    read: (context: Context, ref: Ref, options: O, reader: Reader) => Promise<T>,
  ): Promise<T> {
    return worded({ verb, ref }, async () => {
      const [executor, budget, smallBytes] = [this.#executor, this.#budget, this.#smallBytes];
      const reader = createReader({ executor, budget, smallBytes });
      try {
        const meant = await refMeant(this.#context, ref, options);
        return await read(this.#context, meant, options, reader);
      } finally {
        reader.end();
      }
    });
  }

  /** Returns the files of a value, or the value itself if a worker can make them. */
  #filesOf(value: unknown, materializer: Materializer, signal: AbortSignal | undefined) {
    const reopen = this.#executor.pool.slots.length === 0 ? undefined : reopenOf(materializer);
    if (reopen === undefined || isOurs(reopen)) return materializer.save(value, { signal });
    const here = { save: () => materializer.save(value, { signal }) };
    return new ValueToStore({ value, materializer: reopen, here }, bufferBytes(value));
  }
}
