// Aliases that a save sets to its version, once it is committed.
import { isRegistryError } from "../../core/errors.ts";
import { newAliases } from "../../core/naming/refs.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { SavedArtifact, SaveOptions } from "../../core/registry.ts";
import { aliasHistory, setAlias } from "./aliases.ts";
import type { Context } from "./context.ts";

/**
 * Sets the aliases of a save to its version. A repeat sets those that the first try did not set,
 * and moves no alias back that was moved since.
 */
export async function setAliases(
  context: Context,
  { name, version, skipped, createdAt }: SavedArtifact,
  { alias, idempotencyKey, signal }: Pick<SaveOptions, "alias" | "idempotencyKey" | "signal">,
): Promise<void> {
  const isRepeat = skipped && idempotencyKey !== undefined;
  for (const each of newAliases(alias)) {
    const target = { name, alias: each, version };
    if (isRepeat && await wasSet(context, target, { since: createdAt, signal })) continue;
    await setAlias(context, target, { signal });
  }
}

/** Returns true if an alias has pointed to a version since the time of its save. */
async function wasSet(
  context: Context,
  { name, alias, version }: { name: string; alias: string; version: string },
  { since, signal }: { since: Date; signal?: AbortSignal },
): Promise<boolean> {
  const { canonical } = parseVersion(version);
  try {
    for await (const change of aliasHistory(context, { name, alias }, { signal })) {
      if (change.createdAt < since) return false;
      if (change.version === canonical) return true;
    }
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
  }
  return false;
}
