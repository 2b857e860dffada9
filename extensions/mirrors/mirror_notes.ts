// Mirrors cells with a history: notes here, aliases in `mirror_alias.ts`, change by change.
import type { Origin } from "../../materializers/mod.ts";
import type { AliasRecord, NoteRecord, TombstoneRecord } from "../../registry/extending.ts";
import { recordOfKind, type Records } from "../../registry/records.ts";
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
    await to.write(targetCellPath(pair), { action, signal }, (head) => {
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
  context: Records,
  cell: string,
  kind: "alias" | "note",
  signal?: AbortSignal,
): AsyncGenerator<Change, undefined> {
  for await (const object of context.history(cell, { signal })) {
    const record = object.record.kind === "deleted" ? object.record : recordOfKind(object, kind);
    yield { record, origin: originOf(context, record) };
  }
}
