// Lists the deleted versions of a name whose records are still there.
import { authorOf } from "../../../core/naming/author.ts";
import { isUnreadable, type RegistryError } from "../../../core/errors.ts";
import type { Version } from "../../../core/naming/versions.ts";
import type { VersionEntry, VersionsOptions } from "../../../core/registry.ts";
import { type Graces, readGraces } from "../../cell/graces.ts";
import {
  type Head,
  listHeads,
  newestFirst,
  type VersionKeys,
  type VersionSelection,
} from "../../cell/heads.ts";
import { inWords } from "../../../core/calls/verb_errors.ts";
import { TOMBSTONE_BYTES } from "../../format/record_codec.ts";
import { parseCellKey } from "../../format/layout.ts";
import type { Context } from "../context.ts";
import { contentOf, keptUntil } from "../undelete/deleted_version.ts";
import { artifactInfo } from "../load.ts";

interface ListedCell {
  cell: string;
  version: Version;
  /** Newest first. */
  generations: Head[];
}

/** Yields the deleted versions that can be restored, newest first. */
export async function* listDeleted(
  context: Context,
  name: string,
  which: VersionSelection,
  { details = false, withoutFiles, limit = Infinity, signal }: VersionsOptions,
): AsyncGenerator<VersionEntry> {
  let count = 0;
  let graces: Graces | undefined;
  const cells = newestFirst(context, name, which, (keys) => deletedCells(context, keys, signal));
  for await (const listed of cells) {
    const { cell, version, generations } = listed;
    const entry: Omit<VersionEntry, "generation" | "modifiedAt"> = {
      name,
      version: version.canonical,
    };
    const [{ generation, modifiedAt }] = generations as [Head, ...Head[]];
    try {
      const content = await contentOf(context, cell, generations, signal);
      if (content.state !== "deleted" || content.version === undefined) continue;
      graces ??= await readGraces(context, signal);
      const { tombstone, version: { located, replacedAt } } = content;
      const at = new Date(tombstone.createdAt);
      const by = authorOf(tombstone);
      entry.deleted = { at, until: new Date(keptUntil(graces, replacedAt)), ...(by && { by }) };
      if (details) entry.info = await artifactInfo(context, located, { withoutFiles, signal });
    } catch (error) {
      if (isSuperseded(error)) continue; // its list of files was collected
      if (!isUnreadable(error)) throw error;
      const call = { verb: "read", ref: `${name}@${version.canonical}` };
      entry.error = inWords(call, error) as RegistryError;
    }
    yield { ...entry, generation, modifiedAt: new Date(modifiedAt) };
    if (++count >= limit) return;
  }
}

function isSuperseded(error: unknown): boolean {
  return (error as Partial<RegistryError>).code === "Conflict";
}

/** Yields the cells whose head is a tombstone above another record. */
async function* deletedCells(
  context: Context,
  { folder, from: after, to }: VersionKeys,
  signal?: AbortSignal,
): AsyncGenerator<ListedCell> {
  let last: ListedCell | undefined;
  for await (const listed of listHeads(context, folder, { after, signal })) {
    const { cell = "", version } = parseCellKey(listed.key) ?? {};
    if (version === undefined) continue;
    if (to !== undefined && listed.key > to) break;
    if (last !== undefined && last.cell === cell) {
      last.generations.push(listed);
    } else {
      if (last !== undefined && isDeleted(last)) yield last;
      last = { cell, version, generations: [listed] };
    }
  }
  if (last !== undefined && isDeleted(last)) yield last;
}

function isDeleted({ generations: [head, ...below] }: ListedCell): boolean {
  return head?.size === TOMBSTONE_BYTES && below.some(({ size }) => size !== TOMBSTONE_BYTES);
}
