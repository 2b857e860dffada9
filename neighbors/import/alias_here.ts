import { orMissing, type Registry } from "../../core/kernel.ts";

/**
 * Returns why an alias does not follow its source; undefined if it does. It follows until it is changed
 * here after the version was saved: an import that was interrupted in between goes on with it.
 */
export async function reasonToKeep(
  registry: Registry,
  name: string,
  { alias, version, now }: { alias: string; version: string; now?: string },
): Promise<string | undefined> {
  const saved = await orMissing(registry.info(`${name}@${version}`));
  if (saved === undefined) return `${version} was deleted here`;
  const [last] = await orMissing(Array.fromAsync(registry.history(name, alias, { limit: 1 }))) ??
    [];
  if (last === undefined || last.createdAt < saved.createdAt) return undefined;
  return now === undefined ? "it was deleted here" : `it is ${now} here, and ${version} there`;
}
