// Listings as pages of JSON, and as lines of JSON.
import { type RegistryError, taskFailed } from "../../core/errors.ts";
import { giveWay } from "../../core/work/next_turn.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import { whileAllowed } from "./access/guard_route.ts";
import type { RouteDescription } from "./describe.ts";
import { oneBehind } from "./streams.ts";
import type { RouteContext } from "./gateways/gateway.ts";
import { Answer } from "./answer.ts";
import { DEFAULT_LIMIT } from "./schemas/listing.ts";

const LINES_TYPE = "application/x-ndjson";

/**
 * The place of a page in a list.
 *
 * @internal
 */
export interface PageQuery<K = string> {
  limit?: number;
  after?: K;
}

/** @internal */
interface ListingSource<T, K = string> {
  list(page: PageQuery<K>): AsyncIterable<T>;
  keyOf(item: T): K;
  /** Reads a page with other requests for the same one. @default each reads its own */
  share?(read: () => Promise<string>): Promise<string>;
}

/** Answers with a page, or with all items as lines if the client accepts lines. */
export async function answerListing<T, K = string>(
  c: RouteContext,
  page: PageQuery<K>,
  source: ListingSource<T, K>,
): Promise<Answer> {
  const headers = { "cache-control": "no-cache", "vary": "accept" };
  if (wantsLines(c.header("accept"))) {
    const body = c.request.method === "HEAD"
      ? null
      : whileAllowed(c, await oneBehind(linesOf(source.list(page))));
    return new Answer(body, { headers: { ...headers, "content-type": LINES_TYPE } });
  }
  const text = await (source.share?.(() => pageOf(page, source)) ?? pageOf(page, source));
  return new Answer(text, { headers: { ...headers, "content-type": "application/json" } });
}

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text).byteLength;

/** A page of larger items has fewer of them, but at least one. */
const PAGE_BYTES = 256 * 1024;

/** Returns the items that fit on the first page. */
export function firstOfPage<T>(items: readonly T[]): T[] {
  let bytes = 0;
  const end = items.findIndex((item) => (bytes += bytesOf(JSON.stringify(item))) > PAGE_BYTES);
  return items.slice(0, end < 0 ? undefined : Math.max(end, 1));
}

async function pageOf<T, K>(
  { limit = DEFAULT_LIMIT, after }: PageQuery<K>,
  { list, keyOf }: ListingSource<T, K>,
): Promise<string> {
  const items: string[] = [];
  let bytes = 0, last: T | undefined, next: K | undefined;
  for await (const item of list({ after, limit: limit + 1 })) {
    if (keyOf(item) === after) throw endless();
    await giveWay(); // a list may come from memory
    const text = JSON.stringify(item);
    bytes += bytesOf(text);
    if (last !== undefined && (items.length === limit || bytes > PAGE_BYTES)) {
      next = keyOf(last);
      break;
    }
    items.push(text);
    last = item;
  }
  const end = next === undefined ? "" : `,"next":${JSON.stringify(String(next))}`;
  return `{"items":[${items.join()}]${end}}\n`;
}

/** Returns the error of a list that ignores `after`: its pages would never end. */
export function endless(): RegistryError {
  return taskFailed("list the next page", undefined, "the list ignores `after`", {
    hint: "Start the list after that entry, and test it with `testRegistry` or `testQueue`.",
  });
}

/** Returns the described answers of a route that lists: pages, or lines. */
export function listing(page: StandardSchema, description: string): RouteDescription["answers"] {
  const lines = { type: "string", description: "One item per line, as JSON" };
  const content = { "application/json": { schema: page }, [LINES_TYPE]: { schema: lines } };
  return { 200: { description, content } };
}

export function wantsLines(accept: string | undefined): boolean {
  return accept !== undefined && /(^|,)\s*application\/(x-)?(ndjson|jsonl)\s*(;|,|$)/i.test(accept);
}

const CHUNK_CHARACTERS = 16 * 1024;

export function linesOf(items: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  return textOf(items, (item) => `${JSON.stringify(item)}\n`);
}

/** Returns the text of items as a stream, which reads them as its reader takes them. */
export function textOf<T>(
  items: AsyncIterable<T>,
  write: (item: T) => string,
): ReadableStream<Uint8Array> {
  const iterator = items[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let text = "";
      while (text.length < CHUNK_CHARACTERS) {
        const { done, value } = await iterator.next();
        await giveWay();
        if (done) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          return controller.close();
        }
        text += write(value);
      }
      controller.enqueue(encoder.encode(text));
    },
    async cancel() {
      await iterator.return?.();
    },
  }, { highWaterMark: 0 });
}
