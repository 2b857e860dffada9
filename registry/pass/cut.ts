// Cuts a range of names in two. A store lists keys from any key on, but counts none, so the middle
// is guessed between the last key that was read and the end.
import { decodeName } from "../../core/naming/names.ts";
import { NAMES } from "../format/layout.ts";
import type { Context } from "../operations/context.ts";

/** Keys of `names/` after `after`, and before `end` if given. */
export interface KeyRange {
  after: string;
  end?: string;
  /** The beginning of a name after which an earlier guess found nothing. Only a hint. */
  high?: string;
}

/** Requests for one cut: each halves what is left. */
const MOST_GUESSES = 4;

/**
 * Returns the folder of a name in the part of a range that follows `last`; undefined if none is
 * found. `first` and `last` are keys of the range that were listed.
 */
export async function findCut(
  { backend }: Context,
  range: KeyRange,
  { first, last, signal }: { first: string; last: string; signal?: AbortSignal },
): Promise<string | undefined> {
  const at = last.slice(NAMES.length, last.indexOf("/", NAMES.length) + 1);
  if (!IS_OWN.test(at)) return undefined;
  for (let guess = 0; guess < MOST_GUESSES; guess++) {
    const ends = [range.high, range.end?.slice(NAMES.length)].filter((end) => (end ?? at) > at);
    const middle = middleOf(first.slice(NAMES.length), at, ends[0]);
    if (middle === undefined) return undefined;
    const options = { after: NAMES + middle, limit: 1, signal };
    const [found] = await Array.fromAsync(backend.list(NAMES, options));
    const key = found !== undefined && "key" in found ? found.key : "";
    const cut = key.slice(0, key.indexOf("/", NAMES.length) + 1);
    if (key !== "" && (range.end === undefined || key < range.end)) {
      const isCut = cut > last && decodeName(cut.slice(NAMES.length, -1)) !== undefined;
      return isCut ? cut : undefined;
    }
    range.high = middle;
  }
}

/** A folder with ASCII characters, as all names are encoded. */
const IS_OWN = /^[\x21-\x7e]+\/$/;

const HIGHEST = 0x7f;

/**
 * Returns a string between the folder `at` and `high`, if another folder may begin with it. Names
 * often begin alike: those from `first` to `at` show how many characters the next ones may share.
 */
function middleOf(first: string, at: string, high = ""): string | undefined {
  const begin = Math.max(commonLength(at, high), commonLength(first, at) - 1);
  for (let n = begin; n < at.length; n++) {
    const isBounded = n < high.length && high.startsWith(at.slice(0, n));
    const low = at.charCodeAt(n), end = isBounded ? high.charCodeAt(n) : HIGHEST;
    if (end - low > 1) return at.slice(0, n) + String.fromCharCode((low + end) >> 1);
  }
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
