// A name as a pass listed it, to read its records without listing them again.
import type { ListOptions, ObjectInfo } from "../../core/backend.ts";
import { listAgain, wrapBackend } from "../../core/work/wrap_backend.ts";
import { asGeneration, headOf } from "../cell/heads.ts";
import { NAMES, parseCellKey } from "../format/layout.ts";
import type { Context } from "../operations/context.ts";
import type { ListedName } from "./pass_names.ts";

/** Returns the name if it has a version that is not deleted, as `names()` lists them. */
export function nameWithVersion({ name, entries }: ListedName): string | undefined {
  const versions = `${NAMES}${name}/versions/`;
  let cell = "";
  for (const entry of entries) {
    if (!entry.key.startsWith(versions) || cell !== "" && entry.key.startsWith(cell)) continue;
    const record = parseCellKey(entry.key);
    if (record?.kind !== "version") continue;
    if (!headOf(asGeneration(entry)!).dead) return record.name;
    cell = record.cell; // older records of a deleted version
  }
}

/** All objects of a folder, in order. */
export interface ListedFolder {
  folder: string;
  entries: readonly ObjectInfo[];
}

/**
 * Returns a context whose store answers lists of folders from a pass. Its records may have been
 * replaced and collected since: then reading one throws `Corrupt`, and so may reading others.
 */
export function asListed(context: Context, folders: readonly ListedFolder[]): Context {
  const { backend } = context;
  const list = (prefix: string, options: ListOptions = {}) => {
    const within = folders.find(({ folder }) => prefix.startsWith(folder));
    return within === undefined || options.delimiter !== undefined
      ? backend.list(prefix, options)
      : listAgain(within.entries, prefix, options);
  };
  return { ...context, backend: wrapBackend(backend, { list, getFirst: undefined }) };
}
