// Mirrors the notes and labels of a version or a name, change by change.
import type { NoteRecord } from "../../../core/record.ts";
import { writeCell } from "../../cell/cell.ts";
import { asGeneration, type FoundRecord, readRecord, recordOfKind } from "../../cell/heads.ts";
import { startOperation } from "../../cell/operation.ts";
import { inUtc } from "../../cell/since.ts";
import { encodeRecord } from "../../format/record_codec.ts";
import type { Context } from "../../operations/context.ts";
import { type CellPair, cellThere, changedMeanwhile, type MirrorRun } from "./run.ts";
import { originOf, type Outcome, persist } from "./run.ts";

/** Writes each change that the target lacks above its own. */
export async function mirrorNotes(run: MirrorRun, pair: CellPair): Promise<Outcome> {
  const { from, to, dryRun, signal } = run;
  const { source, target } = pair;
  return await persist(run, async () => {
    const known = new Set<string>();
    let last = 0;
    for await (const record of changes(to, cellThere(pair), signal)) {
      last ||= record.generation;
      known.add(originOf(to, record).commit);
    }
    const missing: NoteRecord[] = [];
    for await (const record of changes(from, source.cell, signal)) {
      if (known.has(originOf(from, record).commit)) break;
      missing.push(record);
    }
    if (missing.length === 0) return { action: "skipped", generation: last };
    if (dryRun) return { action: "copied" };
    const action = `mirror the notes of "${target}"`;
    for (const { createdAt, ...record } of missing.reverse()) {
      const origin = originOf(from, record);
      const operation = startOperation(to, action, signal);
      await writeCell(to, operation, cellThere(pair), {
        next(head) {
          if ((head?.generation ?? 0) !== last) throw changedMeanwhile(run, action);
          const base = operation.recordBase(last + 1, head?.previous);
          const kept = { name: target, createdAt: inUtc(createdAt), origin };
          return encodeRecord({ ...record, previous: undefined, ...base, ...kept });
        },
      });
      last++;
    }
    return { action: "copied", generation: last };
  });
}

/** Yields all changes, newest first. */
async function* changes(
  { backend }: Context,
  cell: string,
  signal?: AbortSignal,
): AsyncGenerator<NoteRecord> {
  for await (const entry of backend.list(cell, { signal })) {
    const listed = asGeneration(entry);
    const found: FoundRecord | undefined = listed && await readRecord({ backend }, listed, signal);
    if (found !== undefined) yield recordOfKind(found, "note");
  }
}
