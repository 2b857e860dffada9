// Pages of a sorted list. A token names the last item of its page, so it is of any process, at any time.
import { Buffer } from "node:buffer";
import { isJsonObject, parsedJson } from "../../../../core/kernel.ts";
import { wrong } from "../errors.ts";

export interface AskedPage {
  readonly token?: string;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_page_token?: string;
}

/** Returns the page after that of a token. Items that were added before it meanwhile are left out. */
export function pageOf<T>(
  all: readonly T[],
  { token, limit }: AskedPage,
  idOf: (item: T) => string,
): Page<T> {
  const from = token === undefined ? 0 : placeOf(all, parseToken(token), idOf);
  const items = all.slice(from, from + limit), last = items.at(-1);
  if (last === undefined || from + limit >= all.length) return { items };
  return { items, next_page_token: tokenOf({ after: idOf(last), at: from + limit }) };
}

/** The last item of a page, and the number of the next one. */
interface PageEnd {
  readonly after: string;
  readonly at: number;
}

export function tokenOf(end: PageEnd): string {
  return Buffer.from(JSON.stringify(end)).toString("base64url");
}

/** Returns the place after the item of a token; if that is gone, its number is the next best one. */
export function placeOf<T>(
  all: readonly T[],
  { after, at }: PageEnd,
  idOf: (item: T) => string,
): number {
  const found = all.findIndex((item) => idOf(item) === after);
  return found < 0 ? at : found + 1;
}

export function parseToken(token: string): PageEnd {
  const given = parsedJson(Buffer.from(token, "base64url").toString());
  if (isJsonObject(given) && typeof given.after === "string" && Number.isSafeInteger(given.at)) {
    return { after: given.after, at: Math.max(Number(given.at), 0) };
  }
  throw wrong("Invalid page token", "Search again from the beginning.");
}
