// All names in order, each with its payload and its records, from one list of each.
import type { ObjectInfo } from "../../../core/backend.ts";
import { listInOrder, NAMES, OBJECTS } from "../../../registry/records.ts";
import type { Context, ListedFolder, ListedName, PassOptions } from "../../../registry/records.ts";

/** A name with its payload and its records, of which one may be empty. */
export interface JoinedName {
  /** Encoded. */
  name: string;
  folders: ListedFolder[];
}

/**
 * Yields every name that has payload or a record, except those that could not be listed as a whole.
 * Holds a page of both lists, and all entries of one name.
 */
export async function* joinNames(
  context: Context,
  { signal, onFailure }: Required<Pick<PassOptions, "onFailure">> & Pick<PassOptions, "signal">,
): AsyncGenerator<JoinedName> {
  const failed = new Set<string>();
  const options: PassOptions = {
    signal,
    onFailure(error, name) {
      if (name === undefined) throw error; // all names would look empty
      if (!failed.has(name)) onFailure(error, name);
      failed.add(name);
    },
  };
  const tops = [OBJECTS, NAMES];
  const lists = tops.map((top) => listInOrder(context, top, options));
  try {
    const next = await Promise.all(lists.map(nextOf));
    for (;;) {
      const names = next.flatMap((listed) => listed === undefined ? [] : [listed.name]);
      if (names.length === 0) return;
      const name = names.reduce((first, name) => `${name}/` < `${first}/` ? name : first);
      const folders = tops.map((top, place) => ({
        folder: `${top}${name}/`,
        entries: next[place]?.name === name ? next[place].entries : NONE,
      }));
      for (const [place, list] of lists.entries()) {
        if (next[place]?.name === name) next[place] = await nextOf(list);
      }
      if (!failed.delete(name)) yield { name, folders };
    }
  } finally {
    await Promise.allSettled(lists.map((list) => list.return(undefined)));
  }
}

const NONE: readonly ObjectInfo[] = [];

async function nextOf(list: AsyncGenerator<ListedName>): Promise<ListedName | undefined> {
  const { value, done } = await list.next();
  return done ? undefined : value;
}
