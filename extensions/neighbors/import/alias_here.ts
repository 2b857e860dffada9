import type { Registry } from "../../../mod.ts";
import { orMissing } from "../../../core/kernel.ts";

/**
 * Returns why an import keeps an alias as it is here; undefined if it points it to `version`. An alias
 * that was not changed since that version was saved belongs to an import that was interrupted.
 */
export async function reasonToKeep(
  registry: Registry,
  name: string,
  { alias, version }: { alias: string; version: string },
): Promise<string | undefined> {
  const saved = await orMissing(registry.info(`${name}@${version}`));
  if (saved === undefined) return `${version} was deleted here`;
  const [last] = await orMissing(Array.fromAsync(registry.history(name, alias, { limit: 1 }))) ??
    [];
  if (last === undefined || last.createdAt < saved.createdAt) return undefined;
  if (last.version === version) return undefined; // another import set it
  return last.version === undefined
    ? "it was deleted here"
    : `it is ${last.version} here, and ${version} there`;
}
