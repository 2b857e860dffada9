// Reads the files of a version through, which verifies them.
import type { Artifact, ArtifactFile } from "../artifact.ts";
import type { FileInfo } from "../record.ts";
import { passFile } from "../registry/artifact_file.ts";
import { createSideBySide } from "./side_by_side.ts";

/** Files up to this size are read whole: those in one object share a request. */
const SMALL_BYTES = 1024 * 1024;

/** Files that are read through at the same time, and the memory for them. */
const THROUGH = { atOnce: 8, room: 64 * 1024 * 1024 };
/** Maximum bytes that a store reads ahead in one stream. */
const READ_AHEAD_BYTES = 32 * 1024 * 1024;

/**
 * Reads every file, which verifies it, and returns their bytes. Stops all reads after a failure.
 * `around` decides whether a file is read.
 */
export async function readThrough(
  artifact: Artifact,
  checkLarge: (file: ArtifactFile) => Promise<void> = drain,
  around = (_file: FileInfo, read: () => Promise<void>): Promise<void> => read(),
): Promise<number> {
  const reading = createSideBySide(THROUGH);
  let bytes = 0;
  try {
    for (const file of byPack(artifact.files())) {
      const { size } = file.info;
      await reading.begin(Math.min(size, READ_AHEAD_BYTES), () =>
        around(file.info, async () => {
          if (size <= SMALL_BYTES) await file.bytes();
          else await checkLarge(file);
        }));
      bytes += size;
    }
    await reading.end();
  } catch (error) {
    await reading.stop(error);
    throw error;
  }
  return bytes;
}

/** Sorts files so that those of one pack, which share a read, are adjacent. */
export function byPack(files: readonly ArtifactFile[]): ArtifactFile[] {
  return [...Map.groupBy(files, ({ pack }) => pack).values()].flat();
}

export async function drain(file: ArtifactFile): Promise<void> {
  await passFile(file, () => {});
}
