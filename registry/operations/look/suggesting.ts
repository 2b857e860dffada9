// What is meant by a ref: a version of now or of the past, or where it leads to nothing, another ref.
import { type RegistryError, withSuggestion } from "../../../core/errors.ts";
import { parseRef, type Ref } from "../../../core/naming/refs.ts";
import { withDeadline } from "../../../core/retry.ts";
import type { Context } from "../context.ts";
import { isAbsent } from "../resolve.ts";
import type { RefOptions } from "../../../core/registry.ts";

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

/** The ref as it is, or where a moment of the past is asked for, the version that it meant then. */
export async function refMeant(
  context: Context,
  text: string,
  options: RefOptions = {},
): Promise<Ref> {
  const { version, asOf, signal } = options;
  const ref = parseRef(text, version);
  if (asOf === undefined) return ref;
  const { refAsOf } = await import("./past.ts"); // most programs never ask
  return await refAsOf(context, ref, asOf, { signal });
}
