// Mirrors the deletion of a version, which stays used in the target too.
import type { Head, TombstoneRecord, VersionRecord } from "../../registry/extending.ts";
import { recordOfKind, type Records, sinceOf } from "../../registry/records.ts";
import type { Ledger } from "./ledger.ts";
import {
  changedMeanwhile,
  checkProtection,
  isCopyOf,
  LastingConflict,
  originOf,
  persist,
  targetCellPath,
  versionOfPair,
} from "./run.ts";
import type { CellPair, MirrorRun, Outcome } from "./run.ts";
import { mirrorReasons } from "./words/reasons.ts";

/** Deletes a version in the target if that has a mirror of the deleted version, or nothing. */
export async function mirrorDeletion(
  run: MirrorRun,
  pair: CellPair,
  ledger: Ledger,
): Promise<Outcome> {
  const { to, signal } = run;
  return await persist(run, async (first) => {
    const head = first ? pair.targetCell?.head : await to.head(targetCellPath(pair), signal);
    return await (head?.dead
      ? deleteAgain(run, pair, head)
      : deletePresent(run, pair, ledger, head));
  });
}

/**
 * Handles a version that the target has deleted: in mutable registries, a later deletion counts.
 */
async function deleteAgain(run: MirrorRun, pair: CellPair, head: Head): Promise<Outcome> {
  const { from, to, signal } = run;
  const tombstone = await readTombstone(from, pair.source.head.key, signal);
  if (tombstone === undefined) return { action: "gone" };
  const above = await readTombstone(to, head.key, signal);
  if (above === undefined || !isLater(tombstone, above) || !to.settings.mutable) {
    return { action: "skipped", ...noted(run, head.generation) };
  }
  return await bury(run, pair, { tombstone, above });
}

/** Handles a version that the target has, or never used. */
async function deletePresent(
  run: MirrorRun,
  pair: CellPair,
  ledger: Ledger,
  head?: Head,
): Promise<Outcome> {
  const { from, to, signal } = run;
  const present = head && await to.version(targetCellPath(pair), { head, signal });
  if (head !== undefined && present === undefined) return { action: "skipped", isPassing: true };
  const tombstone = await readTombstone(from, pair.source.head.key, signal);
  if (tombstone === undefined) return { action: "gone" };
  const above = present?.record;
  if (above !== undefined && !await isMirrorOf(run, pair, above, { tombstone, ledger })) {
    throw new LastingConflict({
      action: "mirror deletion of",
      subject: `"${pair.target}@${versionOfPair(pair).canonical}"`,
      state: "the target has another value",
      hint: "Delete it yourself if it is not needed, or mirror with deleted: false.",
      reason: mirrorReasons.of("mirror_target_differs"),
      backend: to.backend.location,
    });
  }
  if (above !== undefined) {
    const version = versionOfPair(pair).canonical;
    const about = { name: pair.target, version, location: to.backend.location };
    await checkProtection(run, { action: "mirror deletion of", ...about });
  }
  return await bury(run, pair, { tombstone, above });
}

/**
 * Returns the note of a deletion. Not needed in immutable registries: listings show the deletion.
 */
function noted({ from }: MirrorRun, generation: number): { generation?: number } {
  return from.settings.mutable ? { generation } : {};
}

/** Returns true if the source deleted the version again, after the deletion in the target. */
function isLater(tombstone: TombstoneRecord, other: TombstoneRecord): boolean {
  return Date.parse(tombstone.createdAt) > Date.parse(other.createdAt);
}

interface Burial {
  tombstone: TombstoneRecord;
  /** The record in the target; absent if the version was never used there. */
  above?: VersionRecord | TombstoneRecord;
}

/** Writes a tombstone with the times of the source's, unless the version is deleted already. */
async function bury(
  run: MirrorRun,
  pair: CellPair,
  { tombstone, above }: Burial,
): Promise<Outcome> {
  const { to, dryRun, signal } = run;
  if (dryRun) return { action: "deleted" };
  const cell = targetCellPath(pair);
  const ref = `${pair.target}@${versionOfPair(pair).canonical}`;
  const action = `mirror deletion of "${ref}"`;
  const kept = {
    createdAt: tombstone.createdAt,
    since: sinceOf(tombstone),
    by: tombstone.by,
    kind: "deleted",
  } as const;
  const generation = await to.write(cell, { action, isCached: true, signal }, (head) => {
    if (head === undefined || head.found?.record.commit === above?.commit) return kept;
    if (head.dead) return undefined;
    throw changedMeanwhile(run, action);
  });
  return generation === undefined
    ? { action: "skipped", isPassing: true }
    : { action: "deleted", ...noted(run, generation) };
}

/** Reads a tombstone that was listed; undefined if it is gone. Throws if it is damaged. */
async function readTombstone(
  context: Records,
  key: string,
  signal?: AbortSignal,
): Promise<TombstoneRecord | undefined> {
  const object = await context.read(key, signal);
  return object && recordOfKind(object, "deleted");
}

async function isMirrorOf(
  run: MirrorRun,
  { name, source }: CellPair,
  present: VersionRecord,
  { tombstone, ledger }: { tombstone: TombstoneRecord; ledger: Ledger },
): Promise<boolean> {
  const { from, to, signal } = run;
  if (isCopyOf(present, from, name)) return true;
  // The copy of an earlier program, of which the source may have nothing left. Its registry alone
  // does not prove that the value is from this cell: it may be from another name.
  if (present.origin?.registry === from.id && ledger.isAtGeneration(source, present.generation)) {
    return true;
  }
  const { commit } = originOf(to, present);
  if (tombstone.previous === commit) return true;
  if (tombstone.digest !== undefined && originOf(from, tombstone).commit === commit) return true;
  for await (const { record } of from.history(source.cell, { after: source.head.key, signal })) {
    if (record.kind === "deleted" && record.digest === undefined) continue;
    const { restored = [] } = record as Partial<VersionRecord>;
    if (originOf(from, record).commit === commit) return true;
    if (restored.some((deletion) => deletion.commit === commit)) return true;
  }
  return false;
}
