/**
 * The program of the thread of one operator.
 *
 * @module
 */
import process from "node:process";
import { format } from "node:util";
import { getHeapStatistics } from "node:v8";
import { parentPort } from "node:worker_threads";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import type { JobUsage } from "../../core/executor.ts";
import { EXIT_CODES } from "../../operators/contract/operator.ts";
import type { Logger } from "../../core/registry.ts";
import { realSystem } from "../../core/system.ts";
import { toWire } from "../wire_error.ts";
import { exitCodeOf, isOperators, type Operators, runOperator } from "../../operators/mod.ts";
import { createChannel } from "../channel.ts";
import type { OperatorCallerMethods, OperatorMethods } from "./protocol.ts";

/** There is none where a program only names this module, so that it is compiled with it. */
const port = parentPort;
const methods: OperatorMethods = {
  async run({ module, job: { key, context }, sampleEveryMs }, signal) {
    const over = new AbortController();
    void watchThread(sampleEveryMs, over.signal);
    const operators = await importOperators(module);
    const operator = await operators.instance(key, context.operatorId);
    // Whoever asked ends this thread when it does not hear: nobody else is held up by it meanwhile.
    const { exitCode, error } = await runOperator(operator, { ...context, logger, signal }, {
      graceMs: Infinity,
    });
    over.abort();
    return {
      exitCode,
      usage: usageOfThread(),
      ...error === undefined ? {} : { error: toWire(error) },
    };
  },
};
const caller = createChannel<OperatorCallerMethods>(
  methods,
  (message) => port?.postMessage(message),
);
const logger: Logger = {
  debug: say("debug"),
  info: say("info"),
  warn: say("warn"),
  error: say("error"),
};
// This thread is the operator's alone: what it prints is of its log too.
if (port !== null) Object.assign(console, logger, { log: logger.info });
port?.on("message", (message) => caller.receive(message));

function say(level: keyof Logger) {
  return (...args: unknown[]) => tell("log", { level, text: format(...args) });
}

function tell<M extends keyof OperatorCallerMethods>(
  method: M,
  payload: Parameters<OperatorCallerMethods[M]>[0],
) {
  caller.call(method, payload).catch(() => {});
}

async function importOperators(module: string): Promise<Operators> {
  const failed = (state: string, cause?: unknown) =>
    fault({
      code: isDenied(cause) ? "Denied" : "Invalid",
      action: "run an operator in a worker",
      state,
      hint:
        'Give the URL of a module that has: export const operators = createOperators(), of "@holdfast/holdfast/operators".',
      cause,
    });
  const { operators } = await import(module).catch((cause) => {
    if (isRegistryError(cause)) throw cause;
    throw failed(`module ${JSON.stringify(module)} cannot be imported: ${messageOf(cause)}`, cause);
  });
  if (isOperators(operators)) return operators;
  throw failed(`module ${JSON.stringify(module)} exports no set of operators`);
}

function isDenied(cause: unknown): boolean {
  return cause !== undefined && exitCodeOf(cause) === EXIT_CODES.environment;
}

async function watchThread(everyMs: number, signal: AbortSignal): Promise<void> {
  // Deno ends what runs when the limit of the heap is reached, raises the limit, and goes on with what waits: a promise
  // of what ran is never settled. So it is this that tells.
  const { heap_size_limit: limit } = getHeapStatistics();
  while (!signal.aborted) {
    await realSystem.sleep(everyMs, signal).catch(() => {});
    if (getHeapStatistics().heap_size_limit > limit) tell("heapIsFull", undefined);
    tell("usage", usageOfThread());
  }
}

/** What this thread uses now: its heap and its buffers, and its own processor time. */
function usageOfThread(): JobUsage {
  const { heapUsed, external } = process.memoryUsage();
  // Since Node 23.9; types do not know it yet.
  const { user = 0, system = 0 } =
    (process as { threadCpuUsage?(): { user: number; system: number } })
      .threadCpuUsage?.() ?? {};
  return { bytes: heapUsed + external, cpuSeconds: (user + system) / 1e6 };
}
