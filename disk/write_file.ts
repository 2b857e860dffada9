// Writing one large file: in order, or in pieces that are read at the same time.
import { chmodSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { ArtifactFile, FilePiece } from "../core/artifact.ts";
import { forEachChunk } from "../core/bytes/bytes.ts";
import type { FileInfo } from "../core/record.ts";
import type { SideBySide } from "../core/work/side_by_side.ts";

/** What stores mostly read ahead of one stream. */
export const READ_AHEAD_BYTES = 12 * 1024 * 1024;

export interface BeginFileOptions {
  /** What it is written beside: each piece is a task that weighs what it may take in memory. */
  tasks: SideBySide;
  onFile?: (file: FileInfo) => void;
}

/** Writes a file to a path that is free. Returns when its last piece has begun. */
export async function beginFile(
  path: string,
  file: ArtifactFile,
  { tasks, onFile }: BeginFileOptions,
): Promise<void> {
  const whole = { offset: 0, length: file.info.size, stream: () => file.stream() };
  const pieces = file.pieces?.() ?? [whole];
  let handle: Promise<FileHandle> | undefined; // the first piece opens it, the last that ends closes it
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

/** Writes a piece at its place: what comes before it may come later. */
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

/** Whoever may read may run: so what the umask took away at its creation stays away. */
export function makeExecutable(path: string): void {
  const { mode } = statSync(path);
  chmodSync(path, (mode & 0o777) | ((mode & 0o444) >> 2));
}
