// Wraps the methods of a registry: checks options, logs, traces, and rewrites errors.
import { isRegistryError, messageOf } from "../../core/errors.ts";
import { METHODS } from "../../core/options/methods.ts";
import type { OperationRow } from "../../core/registry/operations/row.ts";
import type { LoadOptions, Logger, Registry, SignalOptions } from "../../core/registry.ts";
import { silentLogger, type System } from "../../core/system.ts";
import { createVerbCall, outcomeOf, RESOLVED, wordsOf } from "../../core/calls/verb_call.ts";
import type {
  CallWatcher,
  ResolvedOptions,
  VerbCall,
  VerbOutcome,
} from "../../core/calls/verb_call.ts";
import { checkedArguments, type CheckedRow } from "../../core/calls/check_calls.ts";
import { beginSpan, isTraced, type VerbSpan } from "./verb_spans.ts";
import { inWords, wordedListing } from "../../core/calls/verb_errors.ts";

export interface WrapVerbsOptions {
  logger: Logger;
  system: Pick<System, "monotonic">;
}

type Verb = (...args: unknown[]) => unknown;
type List = (...args: unknown[]) => AsyncIterable<unknown>;

/** An operation with its name in logs and traces. */
export interface CalledRow extends CheckedRow {
  readonly name: string;
  readonly reports?: OperationRow["reports"];
}

/**
 * Makes the methods of a registry refuse unknown options, and log and trace their calls without
 * values, metadata and options. With a silent logger nothing is logged, without a provider nothing
 * is traced.
 */
export function wrapVerbs<R extends Registry>(registry: R, options: WrapVerbsOptions): R {
  const verbs = registry as unknown as Record<string, Verb | undefined>;
  const wrapper = new CallWrapper(registry.id, options);
  for (const [name, row] of Object.entries<OperationRow>(METHODS)) {
    const inner = verbs[name]?.bind(registry);
    if (inner === undefined) continue;
    verbs[name] = row.effect === "lists"
      ? wrapper.listing({ name, ...row }, inner as List)
      : wrapper.call({ name, ...row }, inner);
  }
  wrappers.set(registry, wrapper);
  return registry;
}

const wrappers = new WeakMap<Registry, CallWrapper>();

/** Returns the wrapper of a registry. Calls with a registry that has none are traced, not logged. */
export function wrapperOf(registry: Registry): CallWrapper {
  return wrappers.get(registry) ?? new CallWrapper(registry.id, UNLOGGED);
}

const UNLOGGED: WrapVerbsOptions = { logger: silentLogger, system: { monotonic: () => 0 } };

/** Wraps operations of one registry by their rows. */
class CallWrapper {
  readonly #registry: string;
  readonly #options: WrapVerbsOptions;
  readonly #isLogged: boolean;

  constructor(registry: string, options: WrapVerbsOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#isLogged = options.logger !== silentLogger;
  }

  call(row: CalledRow, inner: Verb): (...args: unknown[]) => Promise<unknown> {
    return async (...rawArgs) => {
      const args = checkedArguments(row, rawArgs);
      (args[row.takes.length] as SignalOptions | undefined)?.signal?.throwIfAborted();
      let watched: VerbSpan | undefined;
      try {
        if (!this.#isLogged && !isTraced()) return await inner(...args);
        watched = this.#begin(callOf(row.name, row, args));
        const loaded: VerbOutcome = {};
        if (row.name === "load") args[1] = observed(args[1] as LoadOptions | undefined, loaded);
        const result = await watched.run(() => inner(...args));
        watched.done(row.reports === undefined ? loaded : outcomeOf(result, row.reports));
        return result;
      } catch (error) {
        const failure = inWords(callOf(row.action, row, args), error);
        watched?.failed(failure);
        throw failure;
      }
    };
  }

  listing(row: CalledRow, inner: List): List {
    const begin = (args: unknown[]) => this.#begin(callOf(row.name, row, args));
    const watchedItems = async function* (...args: unknown[]) {
      const watched = begin(args);
      let items = 0;
      let failure: { error: unknown } | undefined;
      try {
        for await (const item of stepwise(() => inner(...args), watched)) {
          items++;
          yield item;
        }
      } catch (error) {
        failure = { error };
        throw error;
      } finally { // even if the loop was left
        if (failure === undefined) watched.done({ items });
        else watched.failed(failure.error);
      }
    };
    const list = (rawArgs: unknown[]) => {
      try {
        const args = checkedArguments(row, rawArgs);
        return this.#isLogged || isTraced() ? watchedItems(...args) : inner(...args);
      } catch (error) {
        return failing(error);
      }
    };
    return (...args) => wordedListing(callOf(row.action, row, args), list(args));
  }

  #begin(call: VerbCall): VerbSpan {
    const span = beginSpan(call, this.#registry);
    const lines = this.#isLogged ? beginLines(call, this.#options) : undefined;
    return {
      run: (step) => span === undefined ? step() : span.run(step),
      done(outcome) {
        lines?.done(outcome);
        span?.done(outcome);
      },
      failed(error) {
        lines?.failed(error);
        span?.failed(error);
      },
    };
  }
}

/** Returns a call with its name or ref, if it takes one. */
export function callOf(
  verb: string,
  { takes }: Pick<CalledRow, "takes">,
  args: readonly unknown[],
): VerbCall {
  return createVerbCall(verb, takes.length === 0 ? undefined : args[0]);
}

/** A listing whose first item is this error: operations that list throw nothing when they are called. */
// deno-lint-ignore require-yield
export async function* failing(error: unknown): AsyncGenerator<never> {
  await Promise.resolve();
  throw error;
}

/** Runs the steps of a listing in a span, but not the body of the caller's loop. */
function stepwise<T>(list: () => AsyncIterable<T>, { run }: VerbSpan): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const steps = run(() => list()[Symbol.asyncIterator]());
      return {
        next: () => run(() => steps.next()),
        return: async () => await run(() => steps.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

/** Returns options that also record the loaded version and bytes. */
function observed(
  options: LoadOptions | undefined,
  loaded: VerbOutcome,
): LoadOptions & ResolvedOptions {
  return {
    ...options,
    [RESOLVED]: (version) => loaded.version = version,
    onProgress(progress) {
      loaded.moved = progress.bytes;
      options?.onProgress?.(progress);
    },
  };
}

function beginLines(call: VerbCall, { logger, system }: WrapVerbsOptions): CallWatcher {
  const action = wordsOf(call);
  const startedAt = system.monotonic();
  logger.debug(`${action}: begins`);
  const took = () => `${Math.round(system.monotonic() - startedAt)} ms`;
  return {
    done(outcome) {
      const what = describe(outcome);
      logger.debug(`${action}: done in ${took()}${what ? `, ${what}` : ""}`);
    },
    failed(error) {
      const reason = isRegistryError(error) ? error.code : messageOf(error);
      logger.debug(`${action}: failed after ${took()}, ${reason}`);
    },
  };
}

function describe({ version, moved, skipped, items }: VerbOutcome): string {
  if (items !== undefined) return `${items} ${items === 1 ? "item" : "items"}`;
  const size = skipped ? "skipped" : moved === undefined ? undefined : `${moved} bytes`;
  return [version, size].filter((word) => word).join(", ");
}
