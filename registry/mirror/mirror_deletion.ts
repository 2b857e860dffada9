/**
 * A version that was deleted in the source: its number stays used in the target too.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { encodeRecord } from "../../core/record/record.ts";
import type { AliasRecord, TombstoneRecord, VersionRecord } from "../../core/record/record.ts";
import { writeCell } from "../cell/cell.ts";
import { asGeneration, readHead, readRecord, recordOfKind } from "../cell/heads.ts";
import { startOperation } from "../cell/operation.ts";
import { deleteRef } from "../delete.ts";
import { readCell } from "../resolve.ts";
import type { Ledger } from "./ledger.ts";
import { cellThere, decision, originOf, persist } from "./run.ts";
import type { CellPair, MirrorRun, Outcome } from "./run.ts";

/** Marks a version as deleted in the target, where what it has is the mirror of what was deleted, or nothing. */
export async function mirrorDeletion(run: MirrorRun, pair: CellPair, ledger: Ledger): Promise<Outcome> {
  const { to, dryRun, signal } = run;
  const cell = cellThere(pair);
  return await persist(run, async (first) => {
    const head = first ? pair.there?.head : await readHead(to, cell, signal);
    if (head?.dead) return { action: "skipped" };
    const present = head && await readCell(to, cell, { head, signal });
    if (head !== undefined && present === undefined) return { action: "skipped" };
    const tombstone = await readTombstone(run, pair);
    if (tombstone === undefined) return { action: "gone" };
    if (present !== undefined && !await isMirrorOf(run, pair, present.record, { tombstone, ledger })) {
      throw foreign(run, pair);
    }
    if (dryRun) return { action: "deleted" };
    if (present === undefined) return await bury(run, pair, cell);
    const ref = `${pair.target}@${pair.source.version!.canonical}`;
    const deleted = await deleteRef(to, ref, { force: true, ifCommit: present.record.commit, signal });
    return { action: deleted ? "deleted" : "skipped" };
  });
}

/** A tombstone as the first generation: the number was never used here, and may not be. */
async function bury({ to, signal }: MirrorRun, { target, source }: CellPair, cell: string): Promise<Outcome> {
  const operation = startOperation(to, `mark "${target}@${source.version!.canonical}" as deleted`, signal);
  const generation = await writeCell(to, operation, cell, {
    next: (head) => head === undefined ? encodeRecord({ ...operation.recordBase(1), kind: "deleted" }) : undefined,
  });
  return { action: generation === undefined ? "skipped" : "deleted" };
}

/** The record that says so; undefined where another one followed. A damaged record may look like one in a listing: that throws. */
export async function readTombstone(
  { from, signal }: MirrorRun,
  { source }: CellPair,
): Promise<TombstoneRecord | undefined> {
  const found = await readRecord(from, source.head.key, signal);
  return found && recordOfKind(found, "deleted");
}

/** Whether what the target has is a mirror of what the source deleted, or the original of it. */
export async function isMirrorOf(
  run: MirrorRun,
  { source }: CellPair,
  present: VersionRecord | AliasRecord,
  { tombstone, ledger }: { tombstone: TombstoneRecord; ledger: Ledger },
): Promise<boolean> {
  const { from, to, signal } = run;
  // Nothing may be left of the value in the source. From there alone is not enough: it may be of another name.
  if (present.origin?.registry === from.id && ledger.left(source, present.generation)) return true;
  const { commit } = originOf(to, present);
  if (tombstone.previous === commit) return true;
  if (tombstone.digest !== undefined && originOf(from, tombstone).commit === commit) return true; // in its place
  for await (const entry of from.backend.list(source.cell, { after: source.head.key, signal })) {
    const older = isPrefix(entry) ? undefined : asGeneration(entry);
    const record = older && (await readRecord(from, older.key, signal))?.record;
    if (record === undefined || (record.kind === "deleted" && record.digest === undefined)) continue;
    if (originOf(from, record).commit === commit) return true;
  }
  return false;
}

function foreign({ to }: MirrorRun, { target, source }: CellPair): RegistryError {
  return decision(
    new RegistryError({
      code: "Conflict",
      message: `Cannot mirror the deletion of "${target}@${source.version!.canonical}": the target has another value`,
      hint: "It was not mirrored from there: delete it yourself if it is not needed, or mirror with deleted: false.",
      backend: to.backend.location,
    }),
  );
}
