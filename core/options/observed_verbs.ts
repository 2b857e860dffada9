/**
 * What each verb of a registry does, as debug lines and as spans of OpenTelemetry.
 *
 * @module
 */
import type { LoadOptions, Registry, StoredRegistry } from "../registry.ts";
import { silentLogger } from "../system.ts";
import { createVerbCall, outcomeOf } from "./verb_call.ts";
import type { VerbOutcome } from "./verb_call.ts";
import { beginLines } from "./verb_lines.ts";
import type { VerbLinesOptions } from "./verb_lines.ts";
import { beginSpan, isTraced } from "./verb_spans.ts";
import type { VerbSpan } from "./verb_spans.ts";

/** What {@linkcode observeVerbs} needs. */
export type ObserveVerbsOptions = VerbLinesOptions;

const PROMISES = [
  "save",
  "load",
  "open",
  "download",
  "info",
  "has",
  "delete",
  "setAlias",
  "deleteAlias",
  "aliases",
  "get",
  "set",
  "update",
  "setDefault",
  "pop",
  "clear",
  "size",
  "saveMany",
  "loadMany",
  "infoMany",
  "hasMany",
  "deleteMany",
  "copy",
  "openDraft",
  "lineage",
  "createUpload",
  "commitUpload",
  "presignDownload",
  "clearCache",
] as const satisfies readonly (keyof StoredRegistry)[];

const LISTINGS = ["names", "keys", "values", "entries", "versions", "history", "watch"] as const satisfies readonly (
  keyof Registry
)[];

type Verb = (...args: unknown[]) => unknown;

/**
 * Lets the verbs of a registry say when they begin and end, with bytes where they move some. Values, metadata and
 * options are never said. With a silent logger, and without a provider of OpenTelemetry, they are called as they are.
 */
export function observeVerbs<R extends Registry>(registry: R, options: ObserveVerbsOptions): R {
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

  for (const verb of PROMISES) {
    const inner = verbs[verb]?.bind(registry);
    if (inner === undefined) continue;
    verbs[verb] = async (...args) => {
      if (!isLogged && !isTraced()) return await inner(...args);
      const watched = begin(verb, args[0]);
      const loaded: VerbOutcome = {};
      if (verb === "load") args[1] = hearing(args[1] as LoadOptions | undefined, (bytes) => loaded.bytes = bytes);
      try {
        const result = await watched.run(() => inner(...args));
        watched.done(verb === "load" ? loaded : outcomeOf(result));
        return result;
      } catch (error) {
        watched.failed(error);
        throw error;
      }
    };
  }
  for (const verb of LISTINGS) {
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
    verbs[verb] = (...args) => isLogged || isTraced() ? observed(...args) : inner(...args);
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

/** The same options, heard of by somebody else too. */
function hearing(options: LoadOptions | undefined, hear: (bytes: number) => void): LoadOptions {
  return {
    ...options,
    onProgress(progress) {
      hear(progress.bytes);
      options?.onProgress?.(progress);
    },
  };
}
