// Running one operator on this thread, with or without a pipeline.
import { fault } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { EXIT_CODES } from "./contract/operator.ts";
import type { ExitCode, ExitName, OperatorContext } from "./contract/operator.ts";
import { realSystem, type System } from "../core/system.ts";
import { checkTimes } from "./check_times.ts";
import { completeContext, type PartialContext } from "./context.ts";
import { exitCodeOf, exitNameOf, parseExitCode } from "./exit_codes.ts";
import type { AnyOperator } from "./operator.ts";
import { makeOperator, type OperatorSource } from "./operator_set.ts";
import { prepareContext } from "./prepare.ts";

/** Options of {@linkcode runOperator}. */
export interface RunOperatorOptions {
  /** It is told to end after so many milliseconds, and has ended with 4. @default never */
  timeoutMs?: number;
  /** How long one that was told to end is waited for, milliseconds: on this thread nothing can stop it. @default 5000 */
  graceMs?: number;
  /** Clock and sleep. @default the real ones */
  system?: System;
}

/** How an operator ended. */
export interface OperatorResult {
  /** 0 to 5. */
  exitCode: ExitCode;
  exit: ExitName;
  /** Why it is not 0: what was thrown, or what was wrong. Not there where the operator just returned its code. */
  error?: unknown;
  /** How long it took, milliseconds. */
  durationMs: number;
  /** Where its output is. One that was not given is temporary: whoever asked removes it, or it was empty and is gone. */
  outputRoot: string;
}

/**
 * Runs an operator on this thread: checks its parameters, then its input, and then lets it do its work. What is missing
 * of the context is made: temporary folders, ids, a silent logger.
 *
 * @param source an operator, a class of operators, or a function that makes one
 * @param context what there is of its context
 * @throws the reason of `context.signal` where that was aborted: a cancellation is no exit code
 * @throws {RegistryError} `Invalid` for a time that is none
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
  const { system = realSystem, timeoutMs, graceMs } = options;
  checkTimes("run an operator", { timeoutMs, graceMs });
  const { signal: cancelled } = context;
  cancelled?.throwIfAborted();
  const startedAt = system.monotonic();
  const timedOut = new AbortController();
  const over = new AbortController(); // ends the watch of the time
  const signal = cancelled === undefined
    ? timedOut.signal
    : AbortSignal.any([cancelled, timedOut.signal]);
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
    const work = makeOperator(source, { key: operatorId }).then((operator) =>
      perform(operator, complete)
    );
    return ended(await withGrace(work, { signal, graceMs, system, over: over.signal }));
  } catch (error) {
    if (!signal.aborted) return ended(exitCodeOf(error), { error });
    cancelled?.throwIfAborted();
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
  return parseExitCode(
    await operator.run(await prepareContext(operator, context)),
    context.operatorId,
  );
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
      fault({
        code: "Unavailable",
        action: "finish operator",
        subject: shown(operatorId),
        state: `it took more than ${timeoutMs} ms`,
        hint: "Give it more time (timeout), less to do, or more shards.",
      }),
    );
  }, () => {});
}

/** Its outcome; where it was told to end and does not, it is given up after a while, and its outcome is not heard. */
async function withGrace(
  work: Promise<ExitCode>,
  { signal, graceMs = 5_000, system, over }: Watch & {
    signal: AbortSignal;
    graceMs?: number;
  },
): Promise<ExitCode> {
  const givenUp = new Promise<never>((_, reject) => {
    const wait = () => void system.sleep(graceMs, over).then(() => reject(signal.reason), () => {});
    if (signal.aborted) wait();
    // A signal of the caller may outlive many operators: none of them is to be kept for it.
    signal.addEventListener("abort", wait, { once: true, signal: over });
  });
  const exitCode = await Promise.race([work, givenUp]);
  signal.throwIfAborted(); // what was told to end may have left half of its output
  return exitCode;
}
