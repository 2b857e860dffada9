/**
 * The program of the thread of one operator.
 *
 * @module
 */
import { format } from "node:util";
import { parentPort } from "node:worker_threads";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import { EXIT_CODES } from "../../core/pipelines/operator.ts";
import type { Logger } from "../../core/registry.ts";
import { toWire } from "../../core/wire_error.ts";
import { exitCodeOf, isOperators, runOperator } from "../../operators/mod.ts";
import type { Operators } from "../../operators/mod.ts";
import { createChannel } from "../channel.ts";
import type { OperatorCallerMethods, OperatorMethods } from "./protocol.ts";
import { usageOfThread, watchThread } from "./watch_thread.ts";

/** There is none where a program only names this module, so that it is compiled with it. */
const port = parentPort;
const methods: OperatorMethods = {
  async run({ module, job: { key, context }, sampleEveryMs }, signal) {
    const over = new AbortController();
    void watchThread({
      everyMs: sampleEveryMs,
      onUsage: (usage) => tell("usage", usage),
      onFull: () => tell("heapIsFull", undefined),
      signal: over.signal,
    });
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
