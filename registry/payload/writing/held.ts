/**
 * Small files, held until it is known whether they fit into the record.
 *
 * @module
 */
import type { StoredFile } from "../../../core/record/record.ts";

/** A file and its bytes as they will be stored. */
export interface HeldFile {
  /** What is known of it. */
  file: StoredFile;
  /** Its bytes. */
  bytes: Uint8Array;
}

/** Files that are held. */
export interface HeldFiles {
  /** Bytes of all of them. */
  readonly size: number;
  /** Holds one more. */
  add(file: StoredFile, bytes: Uint8Array): void;
  /** Gives them up, in order. */
  take(): HeldFile[];
  /** Gives them a place behind the record's line, and returns their bytes in order. */
  placeInline(): Uint8Array[];
}

/** Holds nothing yet. */
export function createHeldFiles(): HeldFiles {
  let held: HeldFile[] = [], size = 0;
  const files: HeldFiles = {
    get size() {
      return size;
    },
    add(file, bytes) {
      held.push({ file, bytes });
      size += bytes.byteLength;
    },
    take() {
      const taken = held;
      held = [];
      size = 0;
      return taken;
    },
    placeInline() {
      let offset = 0;
      return files.take().map(({ file, bytes }) => {
        file.inline = [offset, bytes.byteLength];
        offset += bytes.byteLength;
        return bytes;
      });
    },
  };
  return files;
}
