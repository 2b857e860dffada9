// Wraps the methods of a registry: checks options, logs, traces, and rewrites errors.
import { isRegistryError, messageOf } from "../../core/errors.ts";
import { METHODS } from "../../core/options/methods.ts";
import type { OperationRow } from "../../core/registry/operations/row.ts";
import type { LoadOptions, Logger, Registry } from "../../core/registry.ts";
import { silentLogger, type System } from "../../core/system.ts";
import { createVerbCall, outcomeOf, RESOLVED, wordsOf } from "../../core/calls/verb_call.ts";
import type {
  CallWatcher,
  ResolvedOptions,
  VerbCall,
  VerbOutcome,
} from "../../core/calls/verb_call.ts";
import { checkedArguments } from "../../core/calls/check_calls.ts";
import { beginSpan, isTraced, type VerbSpan } from "./verb_spans.ts";
import { inWords, wordedListing } from "../../core/calls/verb_errors.ts";

export interface WrapVerbsOptions {
  logger: Logger;
  system: Pick<System, "monotonic">;
}

type Verb = (...args: unknown[]) => unknown;
type List = (...args: unknown[]) => AsyncIterable<unknown>;

/**
 * Makes the methods of a registry refuse unknown options, and log and trace their calls without
 * values, metadata and options. With a silent logger nothing is logged, without a provider nothing
 * is traced.
 */
export function wrapVerbs<R extends Registry>(registry: R, options: WrapVerbsOptions): R {
  const verbs = registry as unknown as Record<string, Verb | undefined>;
  const isLogged = options.logger !== silentLogger;

  function begin(verb: string, what: unknown): VerbSpan {
    const call = createVerbCall(verb, what);
    const span = beginSpan(call, registry.id);
    const lines = isLogged ? beginLines(call, options) : undefined;
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

  function call(verb: string, row: OperationRow, inner: Verb): Verb {
    return async (...rawArgs) => {
      const args = checkedArguments(row, rawArgs);
      let watched: VerbSpan | undefined;
      try {
        if (!isLogged && !isTraced()) return await inner(...args);
        watched = begin(verb, args[0]);
        const loaded: VerbOutcome = {};
        if (verb === "load") args[1] = observed(args[1] as LoadOptions | undefined, loaded);
        const result = await watched.run(() => inner(...args));
        watched.done(row.reports === undefined ? loaded : outcomeOf(result, row.reports));
        return result;
      } catch (error) {
        const failure = inWords(createVerbCall(verb, args[0]), error);
        watched?.failed(failure);
        throw failure;
      }
    };
  }

  function listing(verb: string, row: OperationRow, inner: List): List {
    const watchedItems = async function* (...args: unknown[]) {
      const watched = begin(verb, args[0]);
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
        return isLogged || isTraced() ? watchedItems(...args) : inner(...args);
      } catch (error) {
        return failing(error);
      }
    };
    return (...args) => wordedListing(createVerbCall(verb, args[0]), list(args));
  }

  for (const [verb, row] of Object.entries<OperationRow>(METHODS)) {
    const inner = verbs[verb]?.bind(registry);
    if (inner === undefined) continue;
    verbs[verb] = row.effect === "lists"
      ? listing(verb, row, inner as List)
      : call(verb, row, inner);
  }
  return registry;
}

/** A listing whose first item is this error: methods that list throw nothing when they are called. */
// deno-lint-ignore require-yield
async function* failing(error: unknown): AsyncGenerator<never> {
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
