// What stands around each verb of a registry: its options are checked, what it does is told, as
// debug lines and as spans of OpenTelemetry, and what a store says of its objects is told of what
// the verb was asked for.
import type { LoadOptions, Registry } from "../registry.ts";
import { silentLogger } from "../system.ts";
import { createVerbCall, outcomeOf, RESOLVED } from "./verb_call.ts";
import type { ResolvedOptions, VerbOutcome } from "./verb_call.ts";
import { beginLines } from "./verb_lines.ts";
import type { VerbLinesOptions } from "./verb_lines.ts";
import { checkedArguments, failing, VERBS } from "./verb_options.ts";
import { beginSpan, isTraced } from "./verb_spans.ts";
import type { VerbSpan } from "./verb_spans.ts";
import { inWords, wordedListing } from "./words_of_verbs.ts";

/** What {@linkcode wrapVerbs} needs. */
export type WrapVerbsOptions = VerbLinesOptions;

type Verb = (...args: unknown[]) => unknown;

/**
 * Lets the verbs of a registry refuse options that they do not know, by their promise or at the first step of a loop,
 * and say when they begin and end, with bytes where they move some. Values, metadata and options are never said, and
 * nothing is with a silent logger and without a provider of OpenTelemetry.
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

  for (const known of VERBS.promises) {
    const { verb, tells } = known;
    const inner = verbs[verb]?.bind(registry);
    if (inner === undefined) continue;
    verbs[verb] = async (...given) => {
      const args = checkedArguments(known, given);
      let watched: VerbSpan | undefined;
      try {
        if (!isLogged && !isTraced()) return await inner(...args);
        watched = begin(verb, args[0]);
        const loaded: VerbOutcome = {};
        if (verb === "load") args[1] = hearing(args[1] as LoadOptions | undefined, loaded);
        const result = await watched.run(() => inner(...args));
        watched.done(tells === undefined ? loaded : outcomeOf(result, tells));
        return result;
      } catch (error) {
        const told = inWords(createVerbCall(verb, args[0]), error);
        watched?.failed(told);
        throw told;
      }
    };
  }
  for (const known of VERBS.listings) {
    const { verb } = known;
    const inner = verbs[verb]!.bind(registry) as (...args: unknown[]) => AsyncIterable<unknown>;
    const observed = async function* (...args: unknown[]) {
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
      } finally { // also where the loop was left
        if (failure === undefined) watched.done({ items });
        else watched.failed(failure.error);
      }
    };
    verbs[verb] = (...given) => {
      try {
        const args = checkedArguments(known, given);
        const items = isLogged || isTraced() ? observed(...args) : inner(...args);
        return wordedListing(createVerbCall(verb, args[0]), items);
      } catch (error) {
        return failing(error);
      }
    };
  }
  return registry;
}

/** A listing whose steps are taken in a span; what the loop over it does is not. */
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

/** Returns the same options, which also record the loaded version and bytes. */
function hearing(
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
