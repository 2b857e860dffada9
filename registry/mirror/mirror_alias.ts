/**
 * One alias: it is set, moved or removed in the target as in the source.
 *
 * @module
 */
import { isRegistryError } from "../../core/errors.ts";
import type { AliasRecord } from "../../core/record/record.ts";
import { deleteAlias, setAlias } from "../aliases.ts";
import { settle } from "../cell/settle.ts";
import { readAliasRecord } from "../resolve.ts";
import type { Ledger } from "./ledger.ts";
import { isMirrorOf, readTombstone } from "./mirror_deletion.ts";
import { originOf, persist } from "./run.ts";
import type { CellPair, MirrorRun, Outcome } from "./run.ts";

/**
 * Lets an alias of the target name what it names in the source.
 *
 * @param versions those that the target has as the source has them: an alias never names anything else
 */
export async function mirrorAlias(
  run: MirrorRun,
  pair: CellPair,
  versions: ReadonlySet<string>,
  ledger: Ledger,
): Promise<Outcome> {
  const { from, to, dryRun, signal } = run;
  const { name, target, source, there } = pair;
  const alias = source.alias!;
  return await persist(run, async () => {
    const wanted = await readAliasRecord(from, name, alias, signal);
    const present = there && await readAliasRecord(to, target, alias, signal);
    if (wanted === undefined) return await remove(present);
    const { version } = wanted;
    const generation = there?.head.generation ?? 0;
    if (present?.version === version) {
      if (!dryRun) await settle(to, [there!.head.key], signal);
      return { action: "skipped", generation };
    }
    if (!versions.has(version)) return { action: "skipped" };
    if (dryRun) return { action: "copied", generation: generation + 1 };
    try {
      await setAlias(to, { name: target, alias, version, origin: originOf(from, wanted) }, { signal });
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
      return { action: "skipped" }; // deleted there since a moment ago
    }
    return { action: "copied", generation: generation + 1 };
  });

  /** Only what a mirror has set: an alias of the target's own stays. */
  async function remove(present: AliasRecord | undefined): Promise<Outcome> {
    if (present?.origin === undefined || !run.deleted || !source.head.dead) return { action: "skipped" };
    const tombstone = await readTombstone(run, pair);
    const mirrored = tombstone !== undefined && await isMirrorOf(run, pair, present, { tombstone, ledger });
    if (!mirrored) return { action: "skipped" };
    const removed = dryRun || await deleteAlias(to, { name: target, alias }, { signal });
    return { action: removed ? "deleted" : "skipped" };
  }
}
