// All names in order, each with its payload and its records, from one list of each.
import { inStep, type RegistryError } from "../../../core/kernel.ts";
import type { ObjectInfo } from "../../../backends/mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import type { ListedName } from "../../../registry/extending.ts";
import { LAYOUT, type Records } from "../../../registry/records.ts";

/** A name with its payload and its records, of which one may be empty. */
export interface JoinedName {
  /** Encoded. */
  name: string;
  folders: { folder: string; entries: readonly ObjectInfo[] }[];
}

/**
 * Yields every name that has payload or a record, except those that could not be listed as a whole.
 * Holds a page of both lists, and all entries of one name.
 */
export async function* joinNames(
  context: Records,
  { signal, onFailure }: SignalOptions & { onFailure(error: RegistryError, name: string): void },
): AsyncGenerator<JoinedName> {
  const failed = new Set<string>();
  const options: Parameters<Records["pass"]>[0] = {
    signal,
    onFailure(error, name) {
      if (name === undefined) throw error; // all names would look empty
      if (!failed.has(name)) onFailure(error, name);
      failed.add(name);
    },
  };
  const listed = (top: string) => context.pass({ folder: top, ...options });
  for await (
    const [payload, records] of inStep(
      listed(LAYOUT.OBJECTS),
      listed(LAYOUT.NAMES),
      compareNames,
    )
  ) {
    const { name } = (payload ?? records)!;
    const folders = [
      { folder: `${LAYOUT.OBJECTS}${name}/`, entries: payload?.entries ?? [] },
      { folder: `${LAYOUT.NAMES}${name}/`, entries: records?.entries ?? [] },
    ];
    if (!failed.delete(name)) yield { name, folders };
  }
}

function compareNames(a: ListedName, b: ListedName): number {
  const left = `${a.name}/`, right = `${b.name}/`;
  return left < right ? -1 : left > right ? 1 : 0;
}
