/**
 * Operators on their own threads (`node:worker_threads`), so the caller's thread stays free and
 * each operator can be ended.
 *
 * These are not Web Workers: in Deno, an endless loop in a Web Worker keeps the program from ending
 * ([denoland/deno#35657](https://github.com/denoland/deno/pull/35657)), a Web Worker that exits
 * reports nothing, and its memory cannot be limited.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { Executor, JobOptions } from "../../core/executor.ts";
import { shown } from "../../core/naming/names.ts";
import type {
  OperatorJob,
  OperatorJobEnd,
  OperatorJobs,
} from "../../operators/contract/operator.ts";
import { fromWire } from "../wire_error.ts";
import { checkTimes } from "../../operators/check_times.ts";
import { createChannel } from "../channel.ts";
import type { OperatorCallerMethods, OperatorMethods } from "./protocol.ts";

/** Options of {@linkcode createOperatorExecutor}. */
export interface OperatorExecutorOptions {
  /**
   * The URL of a module that exports `operators`, such as `import.meta.resolve("./operators.ts")`.
   * Each thread imports it.
   */
  module: string | URL;
  /**
   * Time between the abort of an operator and the end of its thread, milliseconds.
   *
   * @default 5000
   */
  graceMs?: number;
  /**
   * Interval between samples of memory and processor time, milliseconds. A busy event loop delays
   * them.
   *
   * @default 1000
   */
  sampleEveryMs?: number;
}

/** An executor that runs each operator on its own thread. */
export interface OperatorExecutor extends Executor<OperatorJobs> {
  /** The number of running threads. */
  readonly running: number;
}

/**
 * Creates an executor for steps with `run_as: worker`. Each operator runs on a new thread.
 *
 * Printed output goes to the logger of the operator, which has no `context.registry`. All threads
 * share the process: its memory, its current directory and the like.
 *
 * @example
 * ```ts ignore
 * import { createOperatorExecutor } from "@holdfast/holdfast/workers";
 * import { runPipeline } from "@holdfast/holdfast/operators/runner";
 * import { operators } from "./operators.ts";
 *
 * const executor = createOperatorExecutor({ module: import.meta.resolve("./operators.ts") });
 * await runPipeline(pipeline, { registry, operators, executor });
 * ```
 */
export function createOperatorExecutor(options: OperatorExecutorOptions): OperatorExecutor {
  const { module, graceMs = 5_000, sampleEveryMs = 1_000 } = options;
  checkTimes("create an executor of operators", { graceMs, sampleEveryMs });
  let running = 0;

  async function run(job: OperatorJob, options: JobOptions): Promise<OperatorJobEnd> {
    const { signal, onLog = () => {}, onUsage = () => {} } = options;
    const { maxBytes = Infinity } = job;
    signal?.throwIfAborted();
    const methods: OperatorCallerMethods = {
      log: ({ level, text }) => onLog(level, text),
      usage(usage) {
        onUsage(usage);
        if (usage.bytes > maxBytes) channel.close(tooMuchMemory(job, usage.bytes));
      },
      heapIsFull: () => channel.close(tooMuchMemory(job)),
    };
    const thread = startThread(job.maxBytes);
    running++;
    const post = (message: unknown) => thread.postMessage(message);
    const channel = createChannel<OperatorMethods>(methods, post, { stopMs: graceMs });
    thread.on("message", (message) => channel.receive(message));
    thread.on("error", (error) => channel.close(error)); // of code that outlives the operator's run
    thread.on("exit", (code) => channel.close(threadEnded(job, code)));
    try {
      const request = { module: String(module), job, sampleEveryMs };
      const { exitCode, error, usage } = await channel.call("run", request, { signal });
      onUsage(usage);
      return { exitCode, ...error === undefined ? {} : { error: fromWire(error) } };
    } finally {
      await thread.terminate();
      running--;
    }
  }

  return {
    get running() {
      return running;
    },
    run: (_kind, job, options = {}) => run(job, options),
  };
}

function startThread(maxBytes?: number): Worker {
  const options = maxBytes === undefined
    ? {}
    : { resourceLimits: { maxOldGenerationSizeMb: Math.ceil(maxBytes / 2 ** 20) } };
  if (import.meta.url.startsWith("file:")) {
    return new Worker(new URL("./program.ts", import.meta.url), options);
  }
  // Node's workers take no URLs of the network, so a `data:` module imports the program.
  const program = `import ${JSON.stringify(import.meta.resolve("./program.ts"))}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), options);
}

/** @param bytes a sample of its memory; undefined if its heap was full before any sample */
function tooMuchMemory({ context, maxBytes }: OperatorJob, bytes?: number): RegistryError {
  const used = bytes === undefined ? "its heap is full" : `it used ${bytes} bytes of memory`;
  return fault({
    code: "Unavailable",
    action: "finish operator",
    subject: shown(context.operatorId),
    state: `${used}, the limit is ${maxBytes}`,
    hint: "Raise memory_limit, or process less data at once.",
  });
}

function threadEnded({ context }: OperatorJob, code: number): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "finish operator",
    subject: shown(context.operatorId),
    state: `it ended its thread with exit code ${code}`,
    hint: "Return an exit code instead of calling Deno.exit() or process.exit().",
  });
}
