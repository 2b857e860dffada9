// Retention of a registry that has no store here, by what every registry has.
import type { ArtifactInfo } from "../../core/artifact.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Registry, VersionEntry } from "../../core/registry.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { checkHas } from "../listing.ts";
import type { PruneRules } from "./prune_name.ts";
import type { PruneOptions } from "./prune_report.ts";

/** So many versions are deleted at once. */
const AT_ONCE = 16;

export async function pruneByContract(
  registry: Registry,
  names: PruneOptions["names"],
  rules: PruneRules,
): Promise<void> {
  const { signal } = rules;
  for await (const name of names ?? registry.names({ signal })) {
    if (names !== undefined) await checkHas(registry, name, signal);
    await pruneName(registry, name, rules);
  }
}

/**
 * Oldest first. What the registry refuses to delete, because an alias names it or it was overwritten meanwhile, stays:
 * each deletion is of the commit that was looked at.
 */
async function pruneName(registry: Registry, name: string, rules: PruneRules): Promise<void> {
  const { keepLast, youngFrom, keepAliased, report, onDeleted, signal } = rules;
  const entries = await Array.fromAsync(registry.versions(name, { signal }));
  const aliased = new Set(
    keepAliased ? Object.values(await registry.aliases(name, { signal })) : [],
  );
  const goes = ({ version, modifiedAt }: VersionEntry, rank: number) =>
    rank >= keepLast && modifiedAt.getTime() < youngFrom && !aliased.has(version);
  const going = entries.filter(goes);
  report.kept += entries.length - going.length;
  const deleted = new Set<VersionEntry>();
  await forEachAtOnce(going.toReversed(), async (entry) => {
    const outcome = report.dryRun ? "deleted" : await remove(registry, entry, rules);
    if (outcome === "deleted") deleted.add(entry);
    if (outcome === "deleted" && !report.dryRun) onDeleted?.({ name, version: entry.version });
    if (outcome === "kept") report.kept++;
  }, { concurrency: AT_ONCE });
  for (const entry of going) {
    if (deleted.has(entry)) report.deleted.push({ name, version: entry.version });
  }
}

async function remove(
  registry: Registry,
  { name, version, generation }: VersionEntry,
  { keepAliased, report, signal }: PruneRules,
): Promise<"deleted" | "kept" | "gone"> {
  const ref = `${name}@${version}`;
  try {
    const info: ArtifactInfo = await registry.info(ref, { signal });
    if (info.generation !== generation) return "kept"; // overwritten since it was listed
    const wasThere = await registry.delete(ref, {
      force: !keepAliased,
      ifCommit: info.commit,
      signal,
    });
    return wasThere ? "deleted" : "gone";
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return "gone";
    if (isRegistryError(error, "Conflict")) return "kept";
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    const { key, code, message, hint } = error;
    report.failures.push({
      name,
      version,
      code,
      message,
      ...(key && { key }),
      ...(hint && { hint }),
    });
    return "kept";
  }
}
