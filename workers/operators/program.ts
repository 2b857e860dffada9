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
import { type Operators, runOperator } from "../../operators/mod.ts";
import { exitCodeOf } from "../../operators/exit_codes.ts";
import { isOperators } from "../../operators/operator_set.ts";
import { createChannel } from "../channel.ts";
import type { OperatorCallerMethods, OperatorMethods } from "./protocol.ts";

/** Null in a program that imports this module only to compile it in. */
const port = parentPort;
const methods: OperatorMethods = {
  async run({ module, job: { key, context }, sampleEveryMs }, signal) {
    const ended = new AbortController();
    void watchThread(sampleEveryMs, ended.signal);
    const operators = await importOperators(module);
    const operator = await operators.instance(key, context.operatorId);
    // No limit here: the caller ends this thread when the operator does not stop.
    const how = { ...context, logger, signal };
    const { exitCode, error } = await runOperator(operator, how, { graceMs: Infinity });
    ended.abort();
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
  debug: log("debug"),
  info: log("info"),
  warn: log("warn"),
  error: log("error"),
};
// Only the operator uses this thread, so everything printed belongs to its log.
if (port !== null) Object.assign(console, logger, { log: logger.info });
port?.on("message", (message) => caller.receive(message));

function log(level: keyof Logger) {
  return (...args: unknown[]) => send("log", { level, text: format(...args) });
}

function send<M extends keyof OperatorCallerMethods>(
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
      hint: "Pass the URL of a module that exports `operators = createOperators()`.",
      cause,
    });
  const { operators } = await import(module).catch((cause) => {
    if (isRegistryError(cause)) throw cause;
    throw failed(`module ${JSON.stringify(module)} cannot be imported: ${messageOf(cause)}`, cause);
  });
  if (isOperators(operators)) return operators;
  throw failed(`module ${JSON.stringify(module)} does not export operators`);
}

function isDenied(cause: unknown): boolean {
  return cause !== undefined && exitCodeOf(cause) === EXIT_CODES.environment;
}

async function watchThread(everyMs: number, signal: AbortSignal): Promise<void> {
  // At the heap limit, Deno ends the running code without settling its promise, raises the limit,
  // and continues with other tasks. Only the raised limit shows that.
  const { heap_size_limit: limit } = getHeapStatistics();
  while (!signal.aborted) {
    await realSystem.sleep(everyMs, signal).catch(() => {});
    if (getHeapStatistics().heap_size_limit > limit) send("heapIsFull", undefined);
    send("usage", usageOfThread());
  }
}

/** Returns the heap, buffers and processor time of this thread. */
function usageOfThread(): JobUsage {
  const { heapUsed, external } = process.memoryUsage();
  // Since Node 23.9; missing in the types.
  const { user = 0, system = 0 } =
    (process as { threadCpuUsage?(): { user: number; system: number } })
      .threadCpuUsage?.() ?? {};
  return { bytes: heapUsed + external, cpuSeconds: (user + system) / 1e6 };
}
