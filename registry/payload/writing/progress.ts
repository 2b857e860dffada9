/**
 * What a save says of the bytes it moves: one sum over all files, whichever of them move at the same time.
 *
 * @module
 */
import type { TransferProgress } from "../../../core/registry.ts";

/** The sum of what moved. It never falls. */
export interface SaveProgress {
  /** Bytes of a file moved. */
  moved(path: string, bytes: number): void;
  /** Bytes need not move, or others than the file has did: they count, and nobody hears of it now. */
  count(bytes: number): void;
  /** From here on what moves has been counted before. */
  repeat(): void;
}

/** Begins at nothing. */
export function createSaveProgress(onProgress: ((progress: TransferProgress) => void) | undefined): SaveProgress {
  let sum = 0;
  let again = false;
  const add = (bytes: number) => {
    if (!again) sum += Math.max(bytes, 0);
  };
  return {
    moved(path, bytes) {
      add(bytes);
      onProgress?.({ path, bytes: sum });
    },
    count: add,
    repeat: () => void (again = true),
  };
}
