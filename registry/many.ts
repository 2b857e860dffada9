/**
 * Many saves or loads: each input has an outcome, and no failure stops the others.
 *
 * @module
 */
import { isRegistryError, RegistryError } from "../core/errors.ts";
import { parseRef } from "../core/naming/refs.ts";
import type {
  BatchOutcome,
  BatchResult,
  LoadOptions,
  ManyOptions,
  SavedArtifact,
  SaveEntry,
} from "../core/registry.ts";
import { isVersion, parseVersion } from "../core/naming/versions.ts";
import type { Context } from "./opening/context.ts";
import { loadValue } from "./load.ts";
import { saveValue } from "./save.ts";

/** Inputs of many saves or loads: all at once, or as they come. */
export type Inputs<I> = Iterable<I> | AsyncIterable<I>;

/** {@linkcode Registry.saveMany} */
export function saveMany(
  context: Context,
  entries: Inputs<SaveEntry>,
  options: ManyOptions = {},
): Promise<BatchResult<SavedArtifact>> {
  const { signal } = options;
  const save = inLanes(
    context,
    ({ name, value, ...saveOptions }: SaveEntry) => saveValue(context, name, value, { ...saveOptions, signal }),
  );
  return collectOutcomes(outcomesOf(entries, options, save), options);
}

/** {@linkcode Registry.loadMany} */
export function loadMany(
  context: Context,
  refs: Inputs<string>,
  options: ManyOptions & Omit<LoadOptions, "signal" | "onProgress"> = {},
): Promise<BatchResult<unknown>> {
  const { concurrency: _, stopOnError: __, onProgress: ___, ...loadOptions } = options;
  const load = (ref: string) => loadValue(context, parseRef(ref, options.version), loadOptions);
  return collectOutcomes(outcomesOf(refs, options, load), options);
}

/** What meets in one cell goes in input order: versions are numbered so, and the first of two equals wins. */
export function inLanes<E extends SaveEntry, T>(
  { settings }: Context,
  save: (entry: E) => Promise<T>,
): (entry: E) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (entry) => {
    const lane = settings.versioned ? laneOf(entry.name, entry.version) : entry.name;
    const next = () => save(entry);
    const saved = (last.get(lane) ?? Promise.resolve()).then(next, next);
    last.set(lane, saved);
    const done = () => last.get(lane) === saved && last.delete(lane);
    saved.then(done, done);
    return saved;
  };
}

function laneOf(name: string, version: string | undefined): string {
  return version === undefined || !isVersion(version) ? name : `${name}@${parseVersion(version).canonical}`;
}

/**
 * Runs an action for each input, so many at once, and says what became of each as it ends. An outcome that nobody has
 * taken yet counts as one under way, so inputs are drawn only as fast as outcomes are taken.
 */
export async function* outcomesOf<I, T>(
  inputs: Inputs<I>,
  options: ManyOptions,
  action: (input: I, index: number) => Promise<T>,
): AsyncGenerator<BatchOutcome<T>> {
  const { concurrency = 16, stopOnError = false, signal, onProgress } = options;
  checkConcurrency(concurrency);
  const ended: BatchOutcome<T>[] = [];
  let running = 0, done = 0, failed = 0, drawing = true, stopped = false;
  let broken: { error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  let wake = () => {}; // ends the waiting for an input
  const abort = () => {
    if (drawing) broken ??= { error: signal!.reason };
    stop();
  };
  signal?.addEventListener("abort", abort, { once: true });
  const drawn = draw();

  try {
    while (drawing || running > 0 || ended.length > 0) {
      if (ended.length === 0) {
        await changed.promise;
        continue;
      }
      yield ended.shift()!;
      change(); // there is room for one more
    }
  } finally {
    stop();
    signal?.removeEventListener("abort", abort);
    await drawn; // whatever ended this: nothing goes on behind the caller's back
    while (running > 0) await changed.promise;
  }
  if (broken !== undefined) throw broken.error;

  function stop(): void {
    stopped = true;
    wake();
    change();
  }

  /** The inputs; one that does not come is not waited for once the batch has ended. */
  async function* untilStopped(): AsyncGenerator<I> {
    if (!(Symbol.asyncIterator in inputs)) return yield* inputs;
    const iterator = inputs[Symbol.asyncIterator]();
    let state: "open" | "coming" | "over" = "open";
    try {
      while (!stopped) {
        state = "coming";
        const next = Promise.resolve(iterator.next());
        await new Promise<void>((resolve) => {
          wake = resolve;
          next.then(() => resolve(), () => resolve());
        });
        if (stopped) return;
        state = "over"; // unless there is one
        const { done, value } = await next;
        if (done) return;
        state = "open";
        yield value;
      }
    } finally {
      if (state === "open") await iterator.return?.();
      else if (state === "coming") Promise.resolve(iterator.return?.()).catch(() => {}); // it may never come
    }
  }

  async function draw(): Promise<void> {
    let index = 0;
    try {
      for await (const input of untilStopped()) {
        signal?.throwIfAborted();
        if (stopped) break;
        void run(input, index++);
        while (!stopped && running + ended.length >= concurrency) await changed.promise;
        if (stopped) break;
      }
    } catch (error) {
      broken ??= { error };
    }
    drawing = false;
    change();
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
    try {
      onProgress?.({ index, done: ++done, failed });
    } catch (error) { // the caller's own code
      broken ??= { error };
      stop();
    }
    running--;
    change();
  }
}

/** Collects outcomes by input index. */
export async function collectOutcomes<T>(
  outcomes: AsyncIterable<BatchOutcome<T>>,
  { signal }: ManyOptions,
): Promise<BatchResult<T>> {
  const results: BatchResult<T>["results"] = [];
  for await (const { index, ...result } of outcomes) results[index] = result;
  const indices = (ok: boolean) => results.flatMap((result, i) => result.ok === ok ? [i] : []);
  const errors = new Map(results.flatMap((result, i) => result.ok ? [] : [[i, result.error] as const]));
  if (errors.size > 0) signal?.throwIfAborted();
  return { results, succeeded: indices(true), failed: indices(false), errors };
}

function checkConcurrency(concurrency: number): void {
  if (Number.isSafeInteger(concurrency) && concurrency >= 1) return;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot work with concurrency ${concurrency}: not a whole number from 1`,
    hint: "It is how many saves or loads are under way at once.",
  });
}

function asRegistryError(error: unknown): RegistryError {
  if (isRegistryError(error)) return error;
  return new RegistryError({
    code: "TaskFailed",
    message: `Cannot finish: ${error instanceof Error ? error.message : String(error)}`,
    hint: "The cause says what failed.",
    cause: error,
  });
}
