// Runs one operator on this thread, with or without a pipeline.
import type { System } from "../mod.ts";
import { checkOptions, type OptionNames, realSystem, shown, unavailable } from "../core/kernel.ts";
import { eitherSignal, watchStrays } from "../core/kernel.ts";
import { EXIT_CODES } from "./contract/operator.ts";
import type { ExitCode, ExitName, OperatorContext } from "./contract/operator.ts";
import { checkTimes } from "./check_times.ts";
import { completeContext, CONTEXT, type PartialContext } from "./context.ts";
import { exitCodeOf, exitNameOf, parseExitCode } from "./exit_codes.ts";
import { type AnyOperator, prepareContext } from "./operator.ts";
import { makeOperator, type OperatorSource } from "./operator_set.ts";

/** Options of {@linkcode runOperator}. */
export interface RunOperatorOptions {
  /** Time limit, milliseconds. The operator is aborted and ends with 4. @default never */
  timeoutMs?: number;
  /**
   * How long to wait for an aborted operator, which nothing on this thread can stop, milliseconds.
   * @default 5000
   */
  graceMs?: number;
  /** Clock and sleep. @default the real ones */
  system?: System;
}

const OPTIONS: OptionNames<RunOperatorOptions> = { timeoutMs: true, graceMs: true, system: true };

/** Result of an operator. */
export interface OperatorResult {
  exitCode: ExitCode;
  exit: ExitName;
  /** The cause of an exit code other than 0. Undefined if the operator returned its code. */
  error?: unknown;
  durationMs: number;
  /**
   * Folder of its output. A temporary one is removed if it is empty, and is otherwise yours to
   * remove.
   */
  outputRoot: string;
}

/**
 * Runs an operator on this thread: checks its parameters and input, then calls `run`. Missing parts
 * of the context get defaults: temporary folders, ids, a logger that prints warnings and errors.
 *
 * @param source an operator, a class of operators, or a function that creates one
 * @throws the reason of `context.signal` if it is aborted: a cancellation has no exit code
 * @throws {RegistryError} `Invalid` for an invalid time, and for an unknown member or option
 *
 * @example
 * ```ts
 * import { defineOperator, runOperator } from "@holdfast/holdfast/operators";
 * import { assertEquals } from "@std/assert";
 *
 * const strict = defineOperator({ run: () => 2, command: () => ["false"] });
 * const { exitCode, exit } = await runOperator(strict);
 * assertEquals([exitCode, exit], [2, "input"]);
 * ```
 */
export async function runOperator(
  source: OperatorSource,
  context: PartialContext = {},
  options: RunOperatorOptions = {},
): Promise<OperatorResult> {
  const action = "run an operator";
  checkOptions(action, context, CONTEXT);
  const { system = realSystem, timeoutMs, graceMs } = checkOptions(action, options, OPTIONS);
  checkTimes(action, { timeoutMs, graceMs });
  const { signal: cancelled } = context;
  cancelled?.throwIfAborted();
  const startedAt = system.monotonic();
  const [timedOut, strayed] = [new AbortController(), new AbortController()];
  const over = new AbortController(); // ends the timers
  const stopped = AbortSignal.any([timedOut.signal, strayed.signal]);
  const signal = eitherSignal(stopped, cancelled);
  const { context: complete, remove } = await completeContext({ ...context, signal });
  const { operatorId, outputRoot } = complete;
  const ended = (exitCode: ExitCode, failure?: { error: unknown }): OperatorResult => ({
    exitCode,
    exit: exitNameOf(exitCode),
    ...failure,
    durationMs: system.monotonic() - startedAt,
    outputRoot,
  });
  watchTime(operatorId, { ...options, system, timedOut, over: over.signal });
  try {
    const call = async () =>
      await perform(await makeOperator(source, { key: operatorId }), complete);
    const work = watchStrays(operatorId, call, (error) => strayed.abort(error));
    return ended(await withGrace(work, { signal, graceMs, system, over: over.signal }));
  } catch (error) {
    if (!signal.aborted) return ended(exitCodeOf(error), { error });
    cancelled?.throwIfAborted();
    const { reason, aborted } = strayed.signal;
    if (aborted) return ended(exitCodeOf(reason), { error: reason });
    return ended(EXIT_CODES.resource, { error: timedOut.signal.reason });
  } finally {
    over.abort();
    await remove();
  }
}

async function perform(
  operator: AnyOperator,
  context: OperatorContext<unknown>,
): Promise<ExitCode> {
  const prepared = await prepareContext(operator, context);
  return parseExitCode(await operator.run(prepared), context.operatorId);
}

interface Watch {
  system: System;
  over: AbortSignal;
}

function watchTime(
  operatorId: string,
  watch: Watch & { timeoutMs?: number; timedOut: AbortController },
): void {
  const { timeoutMs, timedOut, system, over } = watch;
  if (timeoutMs === undefined || timeoutMs === Infinity) return;
  system.sleep(timeoutMs, over).then(() => {
    timedOut.abort(
      unavailable("finish operator", shown(operatorId), `timed out after ${timeoutMs} ms`, {
        hint: "Raise its timeout, reduce its input, or use more shards.",
      }),
    );
  }, () => {});
}

/** Returns its exit code. Rejects if the operator was aborted and does not end within `graceMs`. */
async function withGrace(
  work: Promise<ExitCode>,
  { signal, graceMs = 5_000, system, over }: Watch & { signal: AbortSignal; graceMs?: number },
): Promise<ExitCode> {
  const givenUp = new Promise<never>((_, reject) => {
    const wait = () => void system.sleep(graceMs, over).then(() => reject(signal.reason), () => {});
    if (signal.aborted) wait();
    // A signal of the caller may outlive many operators: remove the listener with this one.
    signal.addEventListener("abort", wait, { once: true, signal: over });
  });
  const exitCode = await Promise.race([work, givenUp]);
  signal.throwIfAborted(); // the output may be incomplete
  return exitCode;
}
