// Lists the deleted versions of a name whose records are still there.
import { authorOf } from "../../../core/naming/author.ts";
import { isPrefix } from "../../../core/backend.ts";
import { isUnreadable, type RegistryError } from "../../../core/errors.ts";
import {
  compareVersions,
  inRange,
  type Version,
  type VersionRange,
} from "../../../core/naming/versions.ts";
import type { VersionEntry, VersionsOptions } from "../../../core/registry.ts";
import { type Graces, readGraces } from "../../cell/graces.ts";
import { asGeneration, type Generation } from "../../cell/heads.ts";
import { inWords } from "../../../core/calls/verb_errors.ts";
import { TOMBSTONE_BYTES } from "../../format/record_codec.ts";
import { parseCellKey, versionCell, versionsFolder } from "../../format/layout.ts";
import type { Context } from "../context.ts";
import { contentOf, keptUntil } from "../undelete/deleted_version.ts";
import { artifactInfo } from "../load.ts";

interface ListedCell {
  cell: string;
  version: Version;
  /** Newest first. */
  generations: Generation[];
}

interface Which {
  range?: VersionRange;
  after?: Version;
}

/** Yields the deleted versions that can be restored, newest first. */
export async function* listDeleted(
  context: Context,
  name: string,
  which: Which,
  { details = false, limit = Infinity, signal }: VersionsOptions,
): AsyncGenerator<VersionEntry> {
  let count = 0;
  let graces: Graces | undefined;
  for (const listed of await deletedCells(context, name, which, signal)) {
    const { cell, version, generations } = listed;
    const entry: Omit<VersionEntry, "generation" | "modifiedAt"> = {
      name,
      version: version.canonical,
    };
    const [{ generation, modifiedAt }] = generations as [Generation, ...Generation[]];
    try {
      const content = await contentOf(context, cell, generations, signal);
      if (content.state !== "deleted" || content.version === undefined) continue;
      graces ??= await readGraces(context, signal);
      const { tombstone, version: { located, replacedAt } } = content;
      const at = new Date(tombstone.createdAt);
      const by = authorOf(tombstone);
      entry.deleted = { at, until: new Date(keptUntil(graces, replacedAt)), ...(by && { by }) };
      if (details) entry.info = await artifactInfo(context, located, { signal });
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

/** Returns the cells whose head is a tombstone above another record. */
async function deletedCells(
  context: Context,
  name: string,
  { range, after }: Which,
  signal?: AbortSignal,
): Promise<ListedCell[]> {
  const { versioned } = context.settings;
  const cells = new Map<string, ListedCell>();
  for await (const entry of context.backend.list(versionsFolder(name), { signal })) {
    const listed = isPrefix(entry) ? undefined : asGeneration(entry);
    const { cell = "", version } = listed && parseCellKey(listed.key) || {};
    if (listed === undefined || version === undefined) continue;
    if (cell !== versionCell(name, version, versioned)) continue;
    const known = cells.get(cell);
    if (known !== undefined) known.generations.push(listed);
    else cells.set(cell, { cell, version, generations: [listed] });
  }
  return [...cells.values()].filter(({ version, generations: [head, ...below] }) =>
    head?.size === TOMBSTONE_BYTES && below.some(({ size }) => size !== TOMBSTONE_BYTES) &&
    (range === undefined || inRange(version, range)) &&
    (after === undefined || compareVersions(version, after) < 0)
  ).sort((a, b) => compareVersions(b.version, a.version));
}
