// Copies a record of another registry: as the next generation of a cell here, with the members of the original.
import type { AliasRecord, NoteRecord, TombstoneRecord } from "../../core/record.ts";
import { type KnownHead, writeCell } from "../cell/cell.ts";
import { startOperation } from "../cell/operation.ts";
import { inUtc } from "../cell/since.ts";
import { encodeRecord } from "../format/record_codec.ts";
import type { Context } from "./context.ts";

/** The members that each record has for itself. */
type OfWrite = "format" | "generation" | "commit" | "previous" | "startedAt";

/** The members of the original that a copy keeps. */
export type KeptRecord =
  | Omit<AliasRecord, OfWrite>
  | Omit<NoteRecord, OfWrite>
  | Omit<TombstoneRecord, OfWrite>;

export interface CopiedCell {
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
