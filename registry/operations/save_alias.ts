// Aliases that a save sets to its version, once it is committed, and those whose versions it must
// not overwrite.
import { newAliases } from "../../core/naming/refs.ts";
import { FIRST_VERSION, parseVersion } from "../../core/naming/versions.ts";
import type { SavedArtifact, SaveOptions } from "../../core/registry.ts";
import { ruleFor } from "../../core/registry/rules.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { wasCopied } from "../cell/voids.ts";
import { listAliases, setAlias } from "./aliases.ts";
import type { Context } from "./context.ts";
import { checkUnprotected, checkUnprotectedAlias, rulesNow } from "./protection.ts";

/**
 * Sets the aliases of a save to its version. A repeat, which found the record of its idempotency
 * key, sets those that nobody has changed since that record, by the time of the store: the first
 * try may not have set them, and a later change stays.
 */
export async function setAliases(
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

/** Throws `Conflict` for a save that sets a protected alias. */
export async function checkAliasesUnprotected(
  context: Context,
  name: string,
  { alias: aliases, signal }: SaveOptions,
): Promise<void> {
  for (const alias of newAliases(aliases)) {
    await checkUnprotectedAlias(context, { action: "set alias", name, alias }, signal);
  }
}

/**
 * Throws `Conflict` for a save that overwrites a protected name, or the version of a protected
 * alias.
 */
export async function checkOverwriteUnprotected(
  context: Context,
  name: string,
  { version, onConflict, ifCommit, signal }: SaveOptions,
): Promise<void> {
  if (onConflict !== "overwrite" && ifCommit === undefined) return;
  await checkUnprotected(context, { action: "overwrite", name }, signal);
  const isNew = version === undefined && context.settings.versioned;
  const { protectAliases } = ruleFor(await rulesNow(context, signal), name) ?? {};
  if (isNew || protectAliases === undefined) return;
  const { canonical } = version === undefined ? FIRST_VERSION : parseVersion(version);
  for await (const entry of listAliases(context, name, { signal })) {
    if (entry.version !== canonical) continue;
    await checkUnprotectedAlias(context, { action: "overwrite", name, ...entry }, signal);
  }
}
