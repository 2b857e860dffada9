// A store that only lists: generated keys, in pages, with a count of its lists.
import type { Backend, ListOptions, ObjectInfo, Prefix } from "../../../core/backend.ts";
import { createMemoryBackend } from "../../../mod.ts";

export interface ListedStore extends Backend {
  /** Requests so far: one for each page. */
  readonly lists: number;
  /** Lists of many keys that were begun and did not end yet. */
  readonly open: number;
  readonly mostOpen: number;
}

const PAGE = 1000;

/** Creates a store with these keys, in order. `onPage` is called before each page. */
export function createListedStore(
  infos: readonly ObjectInfo[],
  onPage: (after: string) => void = () => {},
): ListedStore {
  let lists = 0, open = 0, mostOpen = 0;

  async function* list(
    prefix: string,
    { after = prefix, limit = Infinity, signal }: ListOptions = {},
  ): AsyncGenerator<ObjectInfo | Prefix> {
    const isLong = limit > PAGE;
    if (isLong) mostOpen = Math.max(mostOpen, ++open);
    try {
      for (let place = firstAfter(infos, after), left = limit;; left -= PAGE, place += PAGE) {
        lists++;
        await Promise.resolve();
        signal?.throwIfAborted();
        onPage(place === 0 ? "" : infos[place - 1].key);
        yield* infos.slice(place, place + Math.min(left, PAGE));
        if (left <= PAGE || place + PAGE >= infos.length) return;
      }
    } finally {
      if (isLong) open--;
    }
  }

  return {
    ...createMemoryBackend(),
    get lists() {
      return lists;
    },
    get open() {
      return open;
    },
    get mostOpen() {
      return mostOpen;
    },
    list,
  };
}

function firstAfter(infos: readonly ObjectInfo[], after: string): number {
  let low = 0, high = infos.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (infos[middle].key <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
