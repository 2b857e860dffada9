// Outcomes of concurrent calls: no failure stops the others.
import { fault, isRegistryError, messageOf, type RegistryError } from "../errors.ts";
import type { BatchOutcome, BatchResult, Inputs, ManyOptions } from "../registry/many.ts";

export type { Inputs } from "../registry/many.ts";

/**
 * Runs an action for each input concurrently, and yields each outcome as it ends. Untaken outcomes
 * count as running, so inputs are drawn as outcomes are taken. An abort, or a failure of the inputs
 * or of `onProgress`, is thrown once running calls have ended.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { outcomesOf } from "@holdfast/holdfast/workers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("a", 1);
 * const missing: number[] = [];
 * const infos = outcomesOf(["a", "b"], (ref) => registry.info(ref), { concurrency: 4 });
 * for await (const outcome of infos) if (!outcome.ok) missing.push(outcome.index);
 * assertEquals(missing, [1]);
 * ```
 */
export async function* outcomesOf<I, T>(
  inputs: Inputs<I>,
  action: (input: I, index: number) => Promise<T>,
  options: ManyOptions = {},
): AsyncGenerator<BatchOutcome<T>> {
  const { concurrency = 16, stopOnError = false, signal, onProgress } = options;
  checkConcurrency(concurrency);
  const source = drawn(inputs);
  const ended: BatchOutcome<T>[] = [];
  let index = 0, running = 0, done = 0, failed = 0;
  let drawing = true, coming = false;
  let broken: { error: unknown } | undefined;
  let closed: Promise<void> | undefined;
  let happened = Promise.withResolvers<void>();

  const abort = () => drawing && stop({ error: signal?.reason });
  signal?.addEventListener("abort", abort, { once: true });
  try {
    while (drawing || running > 0 || ended.length > 0) {
      void draw();
      if (ended.length > 0) yield ended.shift()!;
      else await something();
    }
  } finally {
    stop();
    signal?.removeEventListener("abort", abort);
    await closed; // nothing continues in the background
    while (running > 0) await something();
  }
  if (broken !== undefined) throw broken.error;

  async function something(): Promise<void> {
    await happened.promise;
    happened = Promise.withResolvers();
  }

  async function draw(): Promise<void> {
    while (drawing && !coming && running + ended.length < concurrency) {
      coming = true;
      try {
        const next = await source.next();
        coming = false;
        if (drawing && next.done) drawing = false;
        else if (drawing && signal?.aborted) stop({ error: signal.reason });
        else if (drawing) void run(next.value, index++);
      } catch (error) {
        broken ??= { error };
        drawing = false;
      }
      happened.resolve();
    }
  }

  async function run(input: I, index: number): Promise<void> {
    running++;
    let outcome: BatchOutcome<T>;
    try {
      outcome = { index, ok: true, value: await action(input, index) };
    } catch (error) {
      outcome = { index, ok: false, error: asRegistryError(error) };
      failed++;
      if (stopOnError) stop();
    }
    ended.push(outcome);
    running--;
    try {
      onProgress?.({ index, done: ++done, failed });
    } catch (error) { // of the caller's code
      stop({ error });
    }
    happened.resolve();
  }

  /** Draws no more and closes the source, without waiting for its next input. */
  function stop(failure?: { error: unknown }): void {
    broken ??= failure;
    if (drawing) closed = close();
    drawing = false;
    happened.resolve();
  }

  async function close(): Promise<void> {
    try {
      const closing = source.return?.();
      if (coming) Promise.resolve(closing).catch(() => {});
      else await closing;
    } catch (error) {
      broken ??= { error };
    }
  }
}

/** Returns an iterator over the inputs, which may contain promises. */
function drawn<I>(inputs: Inputs<I>): AsyncIterator<I> {
  if (Symbol.asyncIterator in inputs) return inputs[Symbol.asyncIterator]();
  return (async function* () {
    yield* inputs;
  })();
}

export async function collectOutcomes<T>(
  outcomes: AsyncIterable<BatchOutcome<T>>,
  { signal }: ManyOptions,
): Promise<BatchResult<T>> {
  const results: BatchResult<T>["results"] = [];
  for await (const { index, ...result } of outcomes) results[index] = result;
  const indices = (ok: boolean) => results.flatMap((result, i) => result.ok === ok ? [i] : []);
  const errors = new Map(
    results.flatMap((result, i) => result.ok ? [] : [[i, result.error] as const]),
  );
  if (errors.size > 0) signal?.throwIfAborted();
  return { results, succeeded: indices(true), failed: indices(false), errors };
}

function checkConcurrency(concurrency: number): void {
  if (Number.isSafeInteger(concurrency) && concurrency >= 1) return;
  const subject = concurrency;
  const state = "not a positive integer";
  const hint = "Pass the number of concurrent calls, at least 1.";
  throw fault({ code: "Invalid", action: "use concurrency", subject, state, hint });
}

/** Returns the result of an action. Failures become `RegistryError`, except aborts. */
export async function outcomeOf<T>(result: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw signal?.aborted && error === signal.reason ? error : asRegistryError(error);
  }
}

function asRegistryError(error: unknown): RegistryError {
  if (isRegistryError(error)) return error;
  const state = messageOf(error);
  const hint = "Read the cause for the reason.";
  return fault({ code: "TaskFailed", action: "finish", state, hint, cause: error });
}
