// Choices of what a file may share with those of an earlier version.
import type { ByteSharing, EarlierFile, ValueBase } from "./job_kinds.ts";
import { earlierAt } from "./known.ts";

/** Smaller files are not stored by values. */
export const MIN_VALUED_BYTES: number = 1024 * 1024;

/** Returns what a file may share. Without `sharing` it shares no bytes, and no values without `valued`. */
export function sharingOf(
  file: { path: string; size?: number },
  { sharing, valued }: { sharing?: Map<string, EarlierFile>; valued?: Map<string, ValueBase> },
): ByteSharing | undefined {
  return sharing && {
    earlier: earlierAt(sharing, file),
    ...(valued && { values: { base: earlierAt(valued, file) } }),
  };
}
