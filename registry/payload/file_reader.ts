// Reading one stored file, whole or in part, wherever its bytes come from.
import type { ByteRange } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { StoredFile } from "../../core/record.ts";

export interface WindowOptions {
  /** Size of one read, bytes. Each read begins when the previous one is used up. @default whole parts, read ahead */
  windowBytes?: number;
}

/** Reads a file, whole or in part. What is read whole has been checked as the caller asked. */
export interface FileReader {
  bytes(file: StoredFile): Promise<Uint8Array>;
  chunks(file: StoredFile, options?: WindowOptions): AsyncIterable<Uint8Array>;
  range(file: StoredFile, range: ByteRange, options?: WindowOptions): AsyncIterable<Uint8Array>;
  /** Ranges of it that are verified by themselves and worth reading at the same time; undefined where there are none. */
  pieces?(file: StoredFile): readonly FileRange[] | undefined;
}

export interface FileRange extends Required<ByteRange> {
  chunks(): AsyncIterable<Uint8Array>;
}

/** The bytes `[offset, end)` that a range means of a file. Throws where that cannot be read. */
export function rangeOfFile(
  file: StoredFile,
  { offset, length = file.size }: ByteRange,
): { offset: number; end: number } {
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0) || length % 1 > 0) {
    throw fault({
      code: "Invalid",
      action: "read a range of",
      subject: shown(file.path),
      state: `offset ${offset} and length ${length} are not a range`,
      hint: "Offset and length are whole numbers from 0.",
    });
  }
  if (file.encoding !== undefined) {
    throw fault({
      code: "Unsupported",
      action: "read a range of",
      subject: shown(file.path),
      state: "it is stored compressed",
      hint: "Read the whole file, or save it without compression.",
    });
  }
  return { offset, end: Math.min(offset + length, file.size) };
}
