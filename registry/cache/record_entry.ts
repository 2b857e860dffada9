// A cached record: one line on where it was found, one with the mark that says who kept it, then
// the record as it was read.
import type { ObjectInfo } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";

export type SeenHead = Pick<ObjectInfo, "size" | "modifiedAt" | "etag"> & { generation: number };

export interface RecordEntry {
  seen: SeenHead;
  /** When that was, by the own clock, milliseconds since 1970. */
  checkedAt: number;
  bytes: Uint8Array;
}

export type Sign = (content: Uint8Array) => string;

const NEWLINE = 10;

const MARK_BYTES = 64;

/** Encodes a cached record. */
export function encodeRecordEntry({ seen, checkedAt, bytes }: RecordEntry, sign: Sign): Uint8Array {
  const { generation, size, modifiedAt, etag } = seen;
  const encoder = new TextEncoder();
  const line = encoder.encode(
    `${JSON.stringify({ generation, size, modifiedAt, etag, checkedAt })}\n`,
  );
  return concatBytes([line, encoder.encode(`${sign(concatBytes([line, bytes]))}\n`), bytes]);
}

/** Decodes a cached record; undefined where it is damaged or its mark is another. The record itself is not looked at. */
export function decodeRecordEntry(entry: Uint8Array, sign: Sign): RecordEntry | undefined {
  const markAt = entry.indexOf(NEWLINE) + 1;
  const line = entry.subarray(0, markAt);
  const bytes = entry.subarray(markAt + MARK_BYTES + 1);
  const decoder = new TextDecoder();
  const mark = decoder.decode(entry.subarray(markAt, markAt + MARK_BYTES));
  if (mark !== sign(concatBytes([line, bytes]))) return undefined;
  const { checkedAt, ...seen } = JSON.parse(decoder.decode(line)); // as it was encoded
  return { seen, checkedAt, bytes };
}

/** Whether a listing shows the record that was cached: records are never changed, so it is the same then. */
export function isSameHead(seen: SeenHead, head: SeenHead | undefined): boolean {
  return head !== undefined &&
    (["generation", "size", "modifiedAt", "etag"] as const).every((name) =>
      head[name] === seen[name]
    );
}
