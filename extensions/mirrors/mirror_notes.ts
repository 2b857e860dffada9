// Mirrors cells with a history: notes here, aliases in `mirror_alias.ts`, change by change.
import type { Origin } from "../../materializers/mod.ts";
import type { AliasRecord, NoteRecord, TombstoneRecord } from "../../core/record.ts";
import {
  asGeneration,
  encodeRecord,
  inUtc,
  readRecord,
  recordOfKind,
  startOperation,
  writeCell,
} from "../../registry/records.ts";
import type { Context, KnownHead } from "../../registry/records.ts";
import { changedMeanwhile, originOf, persist, targetCellPath } from "./run.ts";
import type { CellPair, MirrorRun, Outcome } from "./run.ts";

export interface Change {
  record: AliasRecord | NoteRecord | TombstoneRecord;
  origin: Origin;
}

/** Writes each change that the target lacks above its own. */
export async function mirrorNotes(run: MirrorRun, pair: CellPair): Promise<Outcome> {
  const { from, to, dryRun, signal } = run;
  return await persist(run, async () => {
    const known = new Set<string>();
    let last = 0;
    for await (const { record, origin } of changesOf(to, targetCellPath(pair), "note", signal)) {
      last ||= record.generation;
      known.add(origin.commit);
    }
    const missing: Change[] = [];
    for await (const change of changesOf(from, pair.source.cell, "note", signal)) {
      if (known.has(change.origin.commit)) break;
      missing.push(change);
    }
    if (missing.length === 0) return { action: "skipped", generation: last };
    if (dryRun) return { action: "copied" };
    const state = { generation: last, missing: missing.reverse() };
    return { action: "copied", generation: await writeChanges(run, pair, state) };
  });
}

/** Writes changes above a generation, oldest first. Returns the newest generation. */
export async function writeChanges(
  run: MirrorRun,
  pair: CellPair,
  { generation, missing }: { generation: number; missing: readonly Change[] },
): Promise<number> {
  const { to, deleted, signal } = run;
  const { target, source: { alias } } = pair;
  const action = `mirror ${alias ? `alias "${target}@${alias}"` : `the notes of "${target}"`}`;
  let last = generation;
  for (const { record, origin } of missing) {
    if (!deleted && record.kind === "deleted") continue;
    await copyRecord(to, { cell: targetCellPath(pair), action, signal }, (head) => {
      if ((head?.generation ?? 0) !== last) throw changedMeanwhile(run, action);
      return record.kind === "deleted"
        ? { ...record, origin }
        : { ...record, name: target, origin };
    });
    last++;
  }
  return last;
}

/** Yields all stored changes, newest first. */
export async function* changesOf(
  context: Context,
  cell: string,
  kind: "alias" | "note",
  signal?: AbortSignal,
): AsyncGenerator<Change, undefined> {
  for await (const entry of context.backend.list(cell, { signal })) {
    const listed = asGeneration(entry);
    const object = listed && await readRecord(context, listed, signal);
    if (object === undefined) continue; // a foreign file, or collected meanwhile
    const record = object.record.kind === "deleted" ? object.record : recordOfKind(object, kind);
    yield { record, origin: originOf(context, record) };
  }
}

/** The members that each record has for itself. */
type OfWrite = "format" | "generation" | "commit" | "previous" | "startedAt";

/** The members of the original that a copy keeps. */
type KeptRecord =
  | Omit<AliasRecord, OfWrite>
  | Omit<NoteRecord, OfWrite>
  | Omit<TombstoneRecord, OfWrite>;

interface CopiedCell {
  cell: string;
  /** The words of an error: `mirror the notes of "a"`. */
  action: string;
  signal?: AbortSignal;
}

/**
 * Writes a copy of a record above the head of a cell, and tries again after each lost race.
 *
 * @param copy returns the record above this head; undefined leaves the cell as it is. May throw
 * @returns the written generation, or undefined if the cell was left as it is
 */
export async function copyRecord(
  context: Context,
  { cell, action, signal }: CopiedCell,
  copy: (head: KnownHead | undefined) => KeptRecord | undefined,
): Promise<number | undefined> {
  const operation = startOperation(context, action, signal);
  return await writeCell(context, operation, cell, {
    next(head) {
      const kept = copy(head);
      if (kept === undefined) return undefined;
      const base = operation.recordBase((head?.generation ?? 0) + 1, head?.previous);
      const createdAt = inUtc(kept.createdAt);
      return encodeRecord({ ...kept, previous: undefined, ...base, createdAt });
    },
  });
}
