// A batch on a store that is open here: what is worth it moves to workers.
import type { ArtifactInfo } from "../core/artifact.ts";
import { type Materializer, reopenOf } from "../core/materializer.ts";
import type { DownloadResult, LoadOptions, SavedArtifact, SaveEntry } from "../core/registry.ts";
import { createVerbCall } from "../registry/contract/verb_call.ts";
import { worded } from "../registry/contract/verb_errors.ts";
import { createBudget, createShare } from "../core/work/budget.ts";
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

/** Below this nothing is gained by asking who should do it. */
const SMALL_BYTES = 128 * 1024;

export function workOnStore(context: Context, options: BatchOptions): BatchWork {
  const {
    workers = defaultWorkers(),
    memoryBudgetBytes = DEFAULT_BUDGET_BYTES,
    stuckAfterMs = 300_000,
    idleMs = 1_000,
    offload = "auto",
  } = options;
  const descriptor = context.backend.reopen;
  const able = descriptor !== undefined && workers > 0;
  const smallBytes = offload === "always" && able ? 0 : SMALL_BYTES;
  const executor = new WorkerExecutor({
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

  async function save(
    { name, value, ...options }: SaveEntry,
    signal?: AbortSignal,
  ): Promise<SavedArtifact> {
    const { materializer = context.materializers.forValue(value) } = options;
    const held = createShare(budget);
    const produce = async () => {
      const made = filesOf(value, materializer, { signal });
      await held.take(heldBytesOf(await made), signal);
      return await made;
    };
    try {
      return await saveFiles(
        context,
        { name, materializer, produce },
        { ...options, signal },
        executor,
      );
    } finally {
      held.give();
    }
  }

  /** The files of a value, or the value itself where a worker can make them. */
  function filesOf(
    value: unknown,
    materializer: Materializer,
    { signal }: { signal?: AbortSignal },
  ) {
    const reopen = pool.slots.length === 0 ? undefined : reopenOf(materializer);
    if (reopen === undefined || isOurs(reopen)) return materializer.save(value, { signal });
    const here = { save: () => materializer.save(value, { signal }) };
    return new ValueToStore({ value, materializer: reopen, here }, bufferBytes(value));
  }

  function load(ref: string, rest: LoadOptions): Promise<unknown> {
    return reading(async (reader) =>
      await loadValue(context, await refMeant(context, ref, rest), rest, reader)
    );
  }

  function download(
    { ref, ...rest }: DownloadEntry,
    signal?: AbortSignal,
  ): Promise<DownloadResult> {
    return reading(async (reader) =>
      await downloadVersion(
        context,
        await refMeant(context, ref, rest),
        { ...rest, signal },
        reader,
      )
    );
  }

  function verify({ ref, ...rest }: VerifyEntry, signal?: AbortSignal): Promise<ArtifactInfo> {
    return reading(async (reader) =>
      await checkFiles(context, await refMeant(context, ref, rest), { ...rest, signal }, reader)
    );
  }

  async function reading<T>(read: (reader: Reader) => Promise<T>): Promise<T> {
    const reader = createReader({ executor, budget, smallBytes });
    try {
      return await read(reader);
    } finally {
      reader.end();
    }
  }

  return {
    get running() {
      return pool.running;
    },
    save: (entry, signal) => worded(createVerbCall("save", entry), () => save(entry, signal)),
    load: (ref, rest) => worded({ verb: "load", ref }, () => load(ref, rest)),
    download: (entry, signal) =>
      worded({ verb: "download", ref: entry.ref }, () => download(entry, signal)),
    verify: (entry, signal) =>
      worded({ verb: "verify", ref: entry.ref }, () => verify(entry, signal)),
    close: () => pool.close(),
  };
}

function defaultWorkers(): number {
  return Math.max(1, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1);
}
