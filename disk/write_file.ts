// Writes one large file, in order or in concurrent pieces.
import { chmodSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { ArtifactFile, FilePiece } from "../core/artifact.ts";
import { forEachChunk } from "../core/bytes/bytes.ts";
import type { FileInfo } from "../core/record.ts";
import type { SideBySide } from "../core/work/side_by_side.ts";

/** The usual read-ahead of stores per stream. */
export const READ_AHEAD_BYTES = 12 * 1024 * 1024;

/**
 * Writes a file to a free path. Each piece is a task, weighed by its memory. Returns when the last
 * one has started.
 */
export async function beginFile(
  path: string,
  file: ArtifactFile,
  { tasks, onFile }: { tasks: SideBySide; onFile?: (file: FileInfo) => void },
): Promise<void> {
  const whole = { offset: 0, length: file.info.size, stream: () => file.stream() };
  const pieces = file.pieces?.() ?? [whole];
  let handle: Promise<FileHandle> | undefined; // opened by the first piece, closed by the last
  let left = pieces.length, users = 1;
  const leave = async () => {
    if (--users > 0) return;
    await (await handle)?.close();
    if (left > 0) return; // one of them failed
    if (file.info.mode === "executable") makeExecutable(path);
    onFile?.(file.info);
  };
  try {
    for (const piece of pieces) {
      await tasks.begin(Math.min(piece.length, READ_AHEAD_BYTES), async () => {
        users++;
        try {
          await writePiece(await (handle ??= open(path, "wx")), piece, tasks.signal);
          left--;
        } finally {
          await leave();
        }
      });
    }
  } finally {
    await leave();
  }
}

/** Writes a piece at its offset. Pieces may be written in any order. */
export async function writePiece(
  handle: FileHandle,
  { offset, stream }: FilePiece,
  signal?: AbortSignal,
): Promise<void> {
  let position = offset;
  await forEachChunk(stream(), async (chunk) => {
    for (let done = 0; done < chunk.byteLength;) {
      const { bytesWritten } = await handle.write(chunk, done, chunk.byteLength - done, position);
      done += bytesWritten;
      position += bytesWritten;
    }
  }, signal);
}

/** Makes a file executable for everybody who may read it. */
export function makeExecutable(path: string): void {
  const { mode } = statSync(path);
  chmodSync(path, (mode & 0o777) | ((mode & 0o444) >> 2));
}
