/**
 * Running operators on threads of their own (`node:worker_threads`), so that the caller's thread stays free and each can
 * be ended.
 *
 * Not Web Workers: in Deno an endless loop in one of those keeps the whole program from ending
 * ([denoland/deno#35657](https://github.com/denoland/deno/pull/35657)), nobody hears when one ends itself, and nothing
 * limits its memory.
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
   * The URL of the module whose `operators` are run, as `import.meta.resolve("./operators.ts")` gives it: each thread
   * imports it for itself.
   */
  module: string | URL;
  /** How long an operator that was told to end is waited for, milliseconds; then its thread is ended. @default 5000 */
  graceMs?: number;
  /** How often memory and processor are looked at, milliseconds; not while the operator computes without a pause. @default 1000 */
  sampleEveryMs?: number;
}

/** Runs each operator on a thread of its own. */
export interface OperatorExecutor extends Executor<OperatorJobs> {
  /** Threads that run now. */
  readonly running: number;
}

/**
 * Creates an executor for steps with `run_as: worker`. A thread starts with an operator and ends with it.
 *
 * What an operator prints is heard as what it says to its logger. It has no `context.registry`. The process is the same:
 * memory that is used up, a current folder that is changed and the like are everybody's.
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
    const channel = createChannel<OperatorMethods>(
      methods,
      (message) => thread.postMessage(message),
      {
        stopMs: graceMs,
      },
    );
    thread.on("message", (message) => channel.receive(message));
    thread.on("error", (error) => channel.close(error)); // not of the operator's run: of what it left to itself
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
  const program = encodeURIComponent(
    `import ${JSON.stringify(import.meta.resolve("./program.ts"))}`,
  );
  return new Worker(new URL(`data:text/javascript,${program}`), options); // it takes no URL of the network itself
}

/** @param bytes what it was seen to hold; not known where its heap was full before anybody looked */
function tooMuchMemory({ context, maxBytes }: OperatorJob, bytes?: number): RegistryError {
  const held = bytes === undefined ? "its memory is used up" : `it held ${bytes} bytes of memory`;
  return fault({
    code: "Unavailable",
    action: "finish operator",
    subject: shown(context.operatorId),
    state: `${held}, its limit is ${maxBytes}`,
    hint: "Raise memory_limit, or let it do less at once.",
  });
}

function threadEnded({ context }: OperatorJob, code: number): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "finish operator",
    subject: shown(context.operatorId),
    state: `it ended its thread, with code ${code}`,
    hint: "Return an exit code instead of Deno.exit() or process.exit().",
  });
}
