// Resolving refs: as of a past moment, and with suggestions for missing ones.
import { type RegistryError, withSuggestion } from "../../../core/errors.ts";
import { parseRef, type Ref } from "../../../core/naming/refs.ts";
import { withDeadline } from "../../../core/retry.ts";
import { memberOf } from "../../../core/registry/release.ts";
import type { Context } from "../context.ts";
import { isAbsent } from "../resolve.ts";
import type { RefOptions } from "../../../core/registry.ts";

/** Limits the cost of callers that ask for many missing refs. */
const MOST_SEARCHES = 5;
const WITHIN_MS = 60_000;
const TIMEOUT_MS = 2_000;

/** Adds a suggestion to the error of a call if its ref, or one that the error has, does not exist. */
export type Suggest = <T>(
  call: Promise<T>,
  ref: string | undefined,
  options?: RefOptions,
) => Promise<T>;

export function createSuggest(context: Context): Suggest {
  const { system } = context;
  let searches: number[] = [];

  function maySearch(): boolean {
    const now = system.monotonic();
    searches = searches.filter((at) => now - at < WITHIN_MS);
    if (searches.length >= MOST_SEARCHES) return false;
    searches.push(now);
    return true;
  }

  return (call, ref, options) =>
    call.catch(async (error: unknown) => {
      const missing = isAbsent(error) ? error.missing ?? releaseOrRef(ref, options) : undefined;
      if (missing === undefined || !maySearch()) throw error;
      const suggestion = await search(context, missing, options?.signal);
      throw suggestion === undefined ? error : withSuggestion(error as RegistryError, suggestion);
    });
}

/** Parses a ref, or the release of a ref that names its member. */
function releaseOrRef(ref: string | undefined, options: RefOptions = {}): Ref | undefined {
  return ref === undefined ? undefined : parseRef(memberOf(ref)?.release ?? ref, options.version);
}

/** Returns a similar name or ref. Failures are ignored: the original error matters. */
async function search(
  context: Context,
  ref: Ref,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const over = new AbortController();
  try {
    const ended = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    const { refLike } = await import("./similar.ts"); // rarely used
    return await withDeadline(refLike(context, ref, ended), { timeoutMs: TIMEOUT_MS, signal });
  } catch {
    return undefined;
  } finally {
    over.abort();
  }
}

/** Parses a ref. With `asOf`, returns the version that it meant then. */
export async function refMeant(
  context: Context,
  text: string,
  options: RefOptions = {},
): Promise<Ref> {
  const { version, asOf, signal } = options;
  const ref = parseRef(text, version);
  if (asOf === undefined) return ref;
  const { refAsOf } = await import("./past.ts"); // rarely used
  return await refAsOf(context, ref, asOf, { signal });
}
