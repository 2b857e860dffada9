// The effects of a save after its commit.
import { newAliases } from "../../../core/naming/refs.ts";
import type { SavedArtifact, SaveOptions } from "../../../core/registry.ts";
import { type CheckedOptions, ONLY_CHECKED } from "../../../core/registry/operations/saving.ts";
import { type FoundRecord, recordOfKind } from "../../cell/heads.ts";
import { wasCopied } from "../../cell/voids.ts";
import type { Shelves } from "../../payload/writing/store_payload.ts";
import { setAlias } from "../aliases.ts";
import type { Context } from "../context.ts";

/** A save whose version is committed or found. */
export interface Done {
  saved: SavedArtifact;
  /** The stored files that its payload could share, if it has one. */
  shelves?: Shelves;
  /** The record of the idempotency key, if an earlier operation wrote it. */
  repeats?: FoundRecord;
}

/** An effect of a save with these options. */
type Effect = (context: Context, done: Done, options: SaveOptions) => Promise<void> | undefined;

/**
 * All effects after the commit, in this order. Events are not among them: each record that is
 * created has one, also those of aliases and deletions (`cell/announcer.ts`).
 */
const EFFECTS: readonly Effect[] = [
  (_, { shelves }) => shelves?.left?.end(),
  (_, { shelves }) => shelves?.seen?.end(),
  (context, { saved, repeats }, options) => setAliases(context, saved, options, repeats),
];

/** Ends a save. A save that is only checked has no effects. */
export async function endSave(
  context: Context,
  done: Done,
  options: SaveOptions & CheckedOptions,
): Promise<void> {
  if (options[ONLY_CHECKED]) return;
  for (const effect of EFFECTS) await effect(context, done, options);
}

/**
 * Sets the aliases of a save to its version. A repeat, which found the record of its idempotency
 * key, sets those that nobody has changed since that record: the first try may not have set them,
 * and a later change stays.
 */
async function setAliases(
  context: Context,
  { name, version }: Pick<SavedArtifact, "name" | "version">,
  { alias, signal }: Pick<SaveOptions, "alias" | "signal">,
  repeats?: FoundRecord,
): Promise<void> {
  const before = new Map(repeats && recordOfKind(repeats, "key").aliases);
  for (const each of newAliases(alias)) {
    const generation = before.get(each);
    const stays = generation === undefined
      ? repeats && await isAsNew(context, repeats, signal)
      : ({ record }: FoundRecord) => record.generation > generation;
    await setAlias(context, { name, alias: each, version }, { signal, stays });
  }
}

/**
 * Tells which aliases are not older than a record of a key that does not name them, by the time of
 * the store: earlier programs named none. In a copy, where all times are later, every alias.
 */
async function isAsNew(
  context: Context,
  used: FoundRecord,
  signal?: AbortSignal,
): Promise<(head: FoundRecord) => boolean> {
  const since = await wasCopied(context, used, signal) ? -Infinity : used.info.modifiedAt;
  return ({ info }) => info.modifiedAt >= since;
}
