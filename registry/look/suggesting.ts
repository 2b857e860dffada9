// What was probably meant by refs that lead to nothing, told to who asked for them.
import type { RegistryError } from "../../core/errors.ts";
import type { Ref } from "../../core/naming/refs.ts";
import { withDeadline } from "../../core/retry.ts";
import type { Context } from "../opening/context.ts";
import { isAbsent, withSuggestion } from "../resolve.ts";

/** Who asks for much that is not there pays for so many searches in so long: nobody reads more hints. */
const MOST_SEARCHES = 5;
const WITHIN_MS = 60_000;
const PATIENCE_MS = 2_000;

/** The outcome of a call that was given a ref; where that leads to nothing, the error says what was probably meant. */
export type Suggesting = <T>(call: Promise<T>, ref: () => Ref, signal?: AbortSignal) => Promise<T>;

export function createSuggesting(context: Context): Suggesting {
  const { system } = context;
  let searches: number[] = [];

  function maySearch(): boolean {
    const now = system.monotonic();
    searches = searches.filter((at) => now - at < WITHIN_MS);
    if (searches.length >= MOST_SEARCHES) return false;
    searches.push(now);
    return true;
  }

  return async (call, ref, signal) => {
    try {
      return await call;
    } catch (error) {
      if (!isAbsent(error) || !maySearch()) throw error;
      const meant = await search(context, ref(), signal);
      throw meant === undefined ? error : withSuggestion(error as RegistryError, meant);
    }
  };
}

/** The ref that is like it; undefined too where that cannot be found out, for the failure that there is is the one to tell. */
async function search(
  context: Context,
  ref: Ref,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const over = new AbortController();
  try {
    const { refLike } = await import("./ref_like.ts"); // most programs never ask
    const ended = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    return await withDeadline(refLike(context, ref, ended), { timeoutMs: PATIENCE_MS, signal });
  } catch {
    return undefined;
  } finally {
    over.abort();
  }
}
