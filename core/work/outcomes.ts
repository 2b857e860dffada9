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
  const { concurrency = 16, signal } = options;
  checkConcurrency(concurrency);
  const calls = new Calls(drawn(inputs), action, { ...options, concurrency });
  const abort = () => calls.abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    while (calls.isGoingOn) {
      void calls.draw();
      const outcome = calls.ended.shift();
      if (outcome !== undefined) yield outcome;
      else await calls.something();
    }
  } finally {
    calls.stop();
    signal?.removeEventListener("abort", abort);
    await calls.end(); // nothing continues in the background
  }
  if (calls.failure !== undefined) throw calls.failure.error;
}

/** Concurrent calls of an action, one for each input that is drawn. */
class Calls<I, T> {
  /** Outcomes that are not taken yet. */
  readonly ended: BatchOutcome<T>[] = [];
  /** Why the calls stopped early, if an input, an abort or `onProgress` is the reason. */
  failure?: { error: unknown };
  readonly #source: AsyncIterator<I>;
  readonly #action: (input: I, index: number) => Promise<T>;
  readonly #options: ManyOptions & { concurrency: number };
  #count = 0;
  #running = 0;
  #done = 0;
  #failed = 0;
  #isDrawing = true;
  /** True while the next input is awaited. */
  #isAwaited = false;
  #closed?: Promise<void>;
  #happened = Promise.withResolvers<void>();

  constructor(
    source: AsyncIterator<I>,
    action: (input: I, index: number) => Promise<T>,
    options: ManyOptions & { concurrency: number },
  ) {
    this.#source = source;
    this.#action = action;
    this.#options = options;
  }

  get isGoingOn(): boolean {
    return this.#isDrawing || this.#running > 0 || this.ended.length > 0;
  }

  abort(): void {
    if (this.#isDrawing) this.stop({ error: this.#options.signal?.reason });
  }

  /** Waits until a call ends, an input is drawn or the calls are stopped. */
  async something(): Promise<void> {
    await this.#happened.promise;
    this.#happened = Promise.withResolvers();
  }

  /** Starts calls while there is room, in the background. */
  async draw(): Promise<void> {
    const { concurrency, signal } = this.#options;
    while (
      this.#isDrawing && !this.#isAwaited && this.#running + this.ended.length < concurrency
    ) {
      this.#isAwaited = true;
      try {
        const next = await this.#source.next();
        this.#isAwaited = false;
        if (this.#isDrawing && next.done) this.#isDrawing = false;
        else if (this.#isDrawing && signal?.aborted) this.stop({ error: signal.reason });
        else if (this.#isDrawing) void this.#run(next.value, this.#count++);
      } catch (error) {
        this.failure ??= { error };
        this.#isDrawing = false;
      }
      this.#happened.resolve();
    }
  }

  async #run(input: I, index: number): Promise<void> {
    const { stopOnError = false, onProgress } = this.#options;
    this.#running++;
    let outcome: BatchOutcome<T>;
    try {
      outcome = { index, ok: true, value: await this.#action(input, index) };
    } catch (error) {
      outcome = { index, ok: false, error: asRegistryError(error) };
      this.#failed++;
      if (stopOnError) this.stop();
    }
    this.ended.push(outcome);
    this.#running--;
    try {
      onProgress?.({ index, done: ++this.#done, failed: this.#failed });
    } catch (error) { // of the caller's code
      this.stop({ error });
    }
    this.#happened.resolve();
  }

  /** Draws no more and closes the source, without waiting for its next input. */
  stop(failure?: { error: unknown }): void {
    this.failure ??= failure;
    if (this.#isDrawing) this.#closed = this.#close();
    this.#isDrawing = false;
    this.#happened.resolve();
  }

  async #close(): Promise<void> {
    try {
      const closing = this.#source.return?.();
      if (this.#isAwaited) Promise.resolve(closing).catch(() => {});
      else await closing;
    } catch (error) {
      this.failure ??= { error };
    }
  }

  /** Waits until the source is closed and all running calls have ended. */
  async end(): Promise<void> {
    await this.#closed;
    while (this.#running > 0) await this.something();
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
