// Finds the changes of an alias that a target lacks, from the cells of both registries.
import { isPrefix } from "../../core/backend.ts";
import type { AliasRecord, Origin, TombstoneRecord } from "../../core/record/record.ts";
import { asGeneration, readRecord, recordOfKind } from "../cell/heads.ts";
import type { Context } from "../opening/context.ts";
import { cellThere, originOf } from "./run.ts";
import type { CellPair, MirrorRun } from "./run.ts";

/** One change of an alias: it was set to a version, or removed. */
export interface Change {
  record: AliasRecord | TombstoneRecord;
  origin: Origin;
}

export interface AliasState {
  /** The newest change in the source. */
  wanted: Change;
  /** The newest change in the target. */
  present?: Change;
  /** The generation of that change; 0 where the target has none. */
  generation: number;
  /** Whether the target's newest change comes from the source, or the other way round. */
  related: boolean;
  /** Changes of the source after the newest one that both have, oldest first. */
  missing: Change[];
}

/** Compares the two cells of an alias; undefined if the source no longer has the alias. */
export async function compareAliases(
  run: MirrorRun,
  pair: CellPair,
): Promise<AliasState | undefined> {
  const { from, to, signal } = run;
  const { value: present } = await changes(to, cellThere(pair), signal).next();
  const generation = present?.record.generation ?? 0;
  let wanted: Change | undefined;
  const missing: Change[] = [];
  for await (const change of changes(from, pair.source.cell, signal)) {
    wanted ??= change;
    if (change.origin.commit === present?.origin.commit) {
      return { wanted, present, generation, related: true, missing: missing.reverse() };
    }
    missing.push(change);
  }
  if (wanted === undefined) return undefined;
  if (present === undefined) {
    return { wanted, generation, related: false, missing: missing.reverse() };
  }
  // The target has changes that are not from the source; those of the source are below them.
  const known = new Set<string>();
  for await (const { origin } of changes(to, cellThere(pair), signal)) known.add(origin.commit);
  const common = missing.findIndex(({ origin }) => known.has(origin.commit));
  const after = common < 0 ? missing : missing.slice(0, common);
  return { wanted, present, generation, related: false, missing: after.reverse() };
}

/** All changes of an alias that are kept, newest first. */
async function* changes(
  context: Context,
  cell: string,
  signal?: AbortSignal,
): AsyncGenerator<Change, undefined> {
  for await (const entry of context.backend.list(cell, { signal })) {
    const listed = isPrefix(entry) ? undefined : asGeneration(entry);
    const found = listed && await readRecord(context, listed.key, signal);
    if (found === undefined) continue; // not a record, or collected since it was listed
    const record = found.record.kind === "deleted" ? found.record : recordOfKind(found, "alias");
    yield { record, origin: originOf(context, record) };
  }
}
