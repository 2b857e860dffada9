// Methods that refuse options which they do not know.
import { checkedArguments, type KnownVerb } from "../registry/contract/verb_options.ts";

type Method = (...args: unknown[]) => unknown;

/** Makes methods refuse options that they do not know: those that return promises, and listings. */
export function checkMethods<T extends object>(
  target: T,
  { promises = [], listings = [] }: {
    promises?: readonly KnownVerb[];
    listings?: readonly KnownVerb[];
  },
): T {
  const own = target as Record<string, Method>;
  for (const known of promises) {
    const inner = own[known.verb].bind(target);
    own[known.verb] = async (...args) => await inner(...checkedArguments(known, args));
  }
  for (const known of listings) {
    const inner = own[known.verb].bind(target) as (...args: unknown[]) => AsyncIterable<unknown>;
    own[known.verb] = async function* (...args) {
      yield* inner(...checkedArguments(known, args));
    };
  }
  return target;
}
