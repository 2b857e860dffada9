// Pages of a sorted list. A token names the last item of its page, so it is of any process, at any time.
import { Buffer } from "node:buffer";
import { isJsonObject } from "../../core/kernel.ts";
import { wrong } from "./errors.ts";

export interface AskedPage {
  readonly token?: string;
  readonly limit: number;
}

/** Returns the page after that of a token. Items that were added before it meanwhile are left out. */
export function pageOf<T>(
  all: readonly T[],
  { token, limit }: AskedPage,
  idOf: (item: T) => string,
): { items: T[]; next_page_token?: string } {
  const from = token === undefined ? 0 : placeOf(all, token, idOf);
  const items = all.slice(from, from + limit), last = items.at(-1);
  if (last === undefined || from + limit >= all.length) return { items };
  const next = JSON.stringify({ after: idOf(last), at: from + limit });
  return { items, next_page_token: Buffer.from(next).toString("base64url") };
}

/** If the item is gone, its number is the next best place. */
function placeOf<T>(all: readonly T[], token: string, idOf: (item: T) => string): number {
  try {
    const given: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (isJsonObject(given) && typeof given.after === "string" && Number.isSafeInteger(given.at)) {
      const found = all.findIndex((item) => idOf(item) === given.after);
      return found < 0 ? Number(given.at) : found + 1;
    }
  } catch {
    // refused below
  }
  throw wrong("Invalid page token", "Search again from the beginning.");
}
