// The threads of a batch on an open store: its executor, which moves jobs that are worth it to
// workers, and its memory budget.
import { type Materializer, reopenOf } from "../core/materializer.ts";
import { type Budget, createBudget } from "../core/work/budget.ts";
import type { BatchCallsOptions, MovableValue } from "../registry/operations/batch_calls.ts";
import type { Context } from "../registry/operations/context.ts";
import { type BatchOptions, DEFAULT_BUDGET_BYTES } from "./batch_work.ts";
import { WorkerExecutor } from "./executor.ts";
import { bufferBytes, isOurs } from "./wire_job.ts";

/** Smaller jobs stay on the caller's thread. */
const SMALL_BYTES = 128 * 1024;

export class BatchThreads implements BatchCallsOptions {
  readonly executor: WorkerExecutor;
  readonly budget: Budget;
  readonly smallBytes: number;

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
    this.smallBytes = offload === "always" && able ? 0 : SMALL_BYTES;
    this.executor = new WorkerExecutor({
      here: context.executor,
      workers: able ? workers : 0,
      descriptor: descriptor ?? { module: "", name: "", options: {} },
      cache: context.cache?.reopen,
      offload,
      smallBytes: this.smallBytes,
      isDisk: context.backend.disk !== undefined,
      stuckAfterMs,
      idleMs,
      logger: context.logger,
      system: context.system,
    });
    this.budget = createBudget(memoryBudgetBytes);
  }

  get running(): number {
    return this.executor.pool.running;
  }

  close(): Promise<void> {
    return this.executor.pool.close();
  }

  /** Returns undefined if there are no workers, or for materializers that take less than a move. */
  movable(value: unknown, materializer: Materializer): MovableValue | undefined {
    const reopen = this.executor.pool.slots.length === 0 ? undefined : reopenOf(materializer);
    if (reopen === undefined || isOurs(reopen)) return undefined;
    return { materializer: reopen, bytes: bufferBytes(value) };
  }
}
