/**
 * A cached record: one line on where it was found, then the record as it was read. Its own sum and its place say
 * whether it is whole and the right one.
 *
 * @module
 */
import type { ObjectInfo } from "../../core/backend.ts";
import { concatBytes } from "../../core/bytes.ts";

/** What a listing said of the record when it was cached. */
export type SeenHead = Pick<ObjectInfo, "size" | "modifiedAt" | "etag"> & { generation: number };

/** A cached record, taken apart. */
export interface RecordEntry {
  /** What a listing said of it. */
  seen: SeenHead;
  /** The record. */
  bytes: Uint8Array;
}

const NEWLINE = 10;

/** Encodes a cached record. */
export function encodeRecordEntry({ seen, bytes }: RecordEntry): Uint8Array {
  const { generation, size, modifiedAt, etag } = seen;
  return concatBytes([new TextEncoder().encode(`${JSON.stringify({ generation, size, modifiedAt, etag })}\n`), bytes]);
}

/** Decodes a cached record; undefined where it is damaged. The record itself is not looked at. */
export function decodeRecordEntry(entry: Uint8Array): RecordEntry | undefined {
  const end = entry.indexOf(NEWLINE);
  try {
    const seen = JSON.parse(new TextDecoder().decode(entry.subarray(0, end)));
    const bytes = entry.subarray(end + 1);
    return Number.isSafeInteger(seen.generation) && seen.size === bytes.byteLength ? { seen, bytes } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a listing shows the record that was cached: records are never changed, so it is the same then. */
export function isSameHead(seen: SeenHead, head: SeenHead | undefined): boolean {
  return head !== undefined &&
    (["generation", "size", "modifiedAt", "etag"] as const).every((name) => head[name] === seen[name]);
}
