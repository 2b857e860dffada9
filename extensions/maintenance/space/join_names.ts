// All names in order, each with its payload and its records, from one list of each.
import { inStep } from "../../../core/kernel.ts";
import { LAYOUT, listInOrder } from "../../../registry/records.ts";
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
  const listed = (top: string) => listInOrder(context, top, options);
  for await (
    const [payload, records] of inStep(
      listed(LAYOUT.folders.objects),
      listed(LAYOUT.folders.names),
      compareNames,
    )
  ) {
    const { name } = (payload ?? records)!;
    const folders = [
      { folder: `${LAYOUT.folders.objects}${name}/`, entries: payload?.entries ?? [] },
      { folder: `${LAYOUT.folders.names}${name}/`, entries: records?.entries ?? [] },
    ];
    if (!failed.delete(name)) yield { name, folders };
  }
}

function compareNames(a: ListedName, b: ListedName): number {
  const left = `${a.name}/`, right = `${b.name}/`;
  return left < right ? -1 : left > right ? 1 : 0;
}
