// The effects of a save after its commit.
import { newAliases } from "../../../core/naming/refs.ts";
import type { SavedArtifact, SaveOptions } from "../../../core/registry.ts";
import { type CheckedOptions, ONLY_CHECKED } from "../../../core/registry/operations/saving.ts";
import type { FoundRecord } from "../../cell/heads.ts";
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
 * key, sets those that nobody has changed since that record, by the time of the store: the first
 * try may not have set them, and a later change stays.
 */
async function setAliases(
  context: Context,
  { name, version }: Pick<SavedArtifact, "name" | "version">,
  { alias, signal }: Pick<SaveOptions, "alias" | "signal">,
  repeats?: FoundRecord,
): Promise<void> {
  const aliases = newAliases(alias);
  const unlessSince = repeats && aliases.length > 0
    ? await timeOf(context, repeats, signal)
    : undefined;
  for (const each of aliases) {
    await setAlias(context, { name, alias: each, version }, { signal, unlessSince });
  }
}

/** Returns the time of the store at a record; -Infinity in a copy, where all times are later. */
async function timeOf(
  context: Context,
  used: FoundRecord,
  signal?: AbortSignal,
): Promise<number> {
  return await wasCopied(context, used, signal) ? -Infinity : used.info.modifiedAt;
}
