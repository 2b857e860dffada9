// Writes records of programs that look at all of them.
import type { AnyRecord, ScrubbedRecord, TombstoneRecord } from "../../core/record.ts";
import { whileForgetting } from "../cache/cached_records.ts";
import { type KnownHead, writeCell } from "../cell/cell.ts";
import { startOperation } from "../cell/operation.ts";
import { inUtc } from "../cell/since.ts";
import { encodeRecord as encode, FORMAT } from "../format/record_codec.ts";
import type { Context } from "../operations/context.ts";

/** Options of {@linkcode Records.write}. */
export interface RecordWrite {
  /** The words of an error: `mirror the notes of "a"`. */
  action: string;
  /** True if caches may have the record that is replaced. @default false */
  isCached?: boolean;
  signal?: AbortSignal;
}

/** The members that each record has for itself. */
type OfWrite = "format" | "generation" | "commit" | "previous" | "startedAt";

/** A record to write. */
export type NewRecord = {
  [K in AnyRecord["kind"]]: Omit<Extract<AnyRecord, { kind: K }>, OfWrite>;
}[AnyRecord["kind"]];

/** Implements `Records.write`. */
export async function writeRecord(
  context: Context,
  { cell, action, isCached = false, signal }: RecordWrite & { cell: string },
  next: (head: KnownHead | undefined) => NewRecord | undefined,
): Promise<number | undefined> {
  const operation = startOperation(context, action, signal);
  const write = () =>
    writeCell(context, operation, cell, {
      next(head) {
        const kept = next(head);
        if (kept === undefined) return undefined;
        const base = operation.recordBase((head?.generation ?? 0) + 1, head?.previous);
        const createdAt = inUtc(kept.createdAt);
        return encode({ ...kept, previous: undefined, ...base, createdAt } as AnyRecord);
      },
    });
  return await (isCached ? whileForgetting(context, cell, write) : write());
}

/** Returns a record as it is stored, which must have all members but its format. */
export function encodeRecord(
  record: Omit<TombstoneRecord, "format"> | Omit<ScrubbedRecord, "format">,
): Uint8Array {
  return encode({ format: FORMAT, ...record } as AnyRecord);
}
