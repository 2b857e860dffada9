// Pages of lists: tags and repositories, by their bytes.
import * as v from "npm:valibot@^1.5";
import { compareUtf8, itemAt } from "../../../core/kernel.ts";
import type { Answer, RouteContext } from "../../../apps/gateways.ts";
import { publicUrl, schema } from "../../../apps/server/extending.ts";

const MOST_ITEMS = 1000;

export const ListQuery = schema.object("OciListQuery", {
  n: schema.count(0, Number.MAX_SAFE_INTEGER, `Items in a page, at most ${MOST_ITEMS}`),
  last: v.optional(schema.described(schema.text(255), "The last item of the previous page")),
});
type Asked = v.InferOutput<typeof ListQuery>;

/** The first items of a list that comes in another order: it keeps as many as a page has. */
export class FirstItems {
  readonly #most: number;
  readonly #last: string;
  #items: string[] = [];

  constructor({ n = MOST_ITEMS, last = "" }: Asked) {
    this.#most = Math.min(n, MOST_ITEMS);
    this.#last = last;
  }

  add(item: string | undefined): void {
    if (item === undefined || item <= this.#last) return;
    this.#items.push(item);
    if (this.#items.length > 4 * MOST_ITEMS) this.#keep();
  }

  take(): { items: readonly string[]; hasMore: boolean } {
    this.#keep();
    const items = this.#items.slice(0, this.#most);
    return { items, hasMore: items.length > 0 && this.#items.length > items.length };
  }

  #keep(): void {
    this.#items = [...new Set(this.#items)].sort(compareUtf8).slice(0, this.#most + 1);
  }
}

export function answerPage(
  c: RouteContext,
  page: FirstItems,
  write: (items: readonly string[]) => unknown,
): Answer {
  const { items, hasMore } = page.take();
  const headers: Record<string, string> = { "cache-control": "no-cache" };
  if (hasMore) {
    const next = publicUrl(c, "");
    next.searchParams.set("n", String(items.length));
    next.searchParams.set("last", itemAt(items, -1));
    headers.link = `<${next.pathname}${next.search}>; rel="next"`;
  }
  return c.json(write(items), 200, headers);
}
