// What a save says of the bytes it moves: one sum over all files, whichever of them move at the
// same time.
import type { TransferProgress } from "../../../core/registry.ts";

export interface WriteProgress {
  moved(path: string, bytes: number): void | Promise<void>;
  count(bytes: number): void;
}

/** The sum of what moved. It begins at nothing, and never falls. */
export function createSaveProgress(
  onProgress: ((progress: TransferProgress) => void) | undefined,
): WriteProgress {
  let sum = 0;
  const count = (bytes: number) => void (sum += Math.max(bytes, 0));
  return {
    moved(path, bytes) {
      count(bytes);
      onProgress?.({ path, bytes: sum });
    },
    count,
  };
}
