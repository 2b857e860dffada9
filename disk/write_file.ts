// Writes one large file, in order or in concurrent pieces.
import { chmodSync, closeSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import type { ArtifactFile, FilePiece } from "../core/artifact.ts";
import type { LocalCopy } from "../core/bytes/rebuild.ts";
import { isRegistryError } from "../core/errors.ts";
import { passFile } from "../core/registry/artifact_file.ts";
import type { FileInfo } from "../core/record.ts";
import { createLimit } from "../core/work/at_once.ts";
import type { SideBySide } from "../core/work/side_by_side.ts";
import { executableMode } from "./mounts/executable_bits.ts";
import { errorCode } from "./file_errors.ts";
import { copyAt } from "./spread/local_copy.ts";
import { isHole, leaveHole } from "./holes.ts";
import type { PieceThreads } from "./spread/piece_threads.ts";

/** The usual memory of a piece that arrives. */
export const READ_AHEAD_BYTES = 8 * 1024 * 1024;
/** The memory of a piece that another thread writes: a block, and what has arrived of the next. */
const DIRECT_BYTES = 1.5 * 1024 * 1024;
/** Pieces that are read here at once when no other thread can. */
const HERE_AT_ONCE = 3;

/**
 * Writes a file to a free path. Each piece is a task, weighed by its memory. Returns when the last
 * one has started.
 *
 * @param options.copy another version of the file, from which equal bytes are taken
 * @param options.missing the pieces to write, if the path has the others
 */
export async function beginFile(
  path: string,
  file: ArtifactFile,
  { tasks, threads, onFile, copy, missing }: {
    tasks: SideBySide;
    threads: PieceThreads;
    onFile?: (file: FileInfo) => void;
    copy?: LocalCopy;
    missing?: readonly FilePiece[];
  },
): Promise<void> {
  const isNew = missing === undefined;
  const whole: FilePiece = {
    offset: 0,
    length: file.info.size,
    passTo: (write, signal) => passFile(file, write, signal),
  };
  const rebuilt = isNew ? await file.rebuild?.(copy) : undefined;
  const pieces = missing ??
    (rebuilt === undefined ? await file.pieces?.() ?? [whole] : [rebuilt]);
  const isDirect = pieces[0]?.direct !== undefined;
  const here = createLimit(isDirect ? HERE_AT_ONCE : pieces.length);
  let opened = isNew ? undefined : openSync(path, "r+"); // or by the first piece; closed by the last
  let remaining = pieces.length, users = 1;
  const leave = async () => {
    if (--users > 0) return;
    const isLonger = isDirect || !isNew; // by zeros that were left out; or it was another file
    if (remaining === 0 && isLonger) ftruncateSync(opened!, file.info.size);
    if (opened !== undefined) closeSync(opened);
    if (remaining > 0) return; // one of them failed
    const written = isDirect ? copyAt(path) : undefined;
    if (written !== undefined) await file.keep?.(written, tasks.signal);
    if (file.info.mode === "executable") makeExecutable(path);
    onFile?.(file.info);
  };
  try {
    for (const piece of pieces) {
      const weight = Math.min(piece.length, isDirect ? DIRECT_BYTES : READ_AHEAD_BYTES);
      await tasks.begin(weight, async () => {
        users++;
        try {
          const target = opened ??= openSync(path, "wx");
          if (!isDirect || !await threads.write(path, { ...piece, isNew })) {
            const begun = { ...piece, isNew };
            await here(() => writePiece(target, begun, tasks.signal)).catch((error) => {
              if (piece !== rebuilt || !isRegistryError(error, "Corrupt")) throw error;
              return writePiece(target, whole, tasks.signal); // the copy has changed
            });
          }
          remaining--;
        } finally {
          await leave();
        }
      });
    }
  } finally {
    await leave();
  }
}

/**
 * Writes a piece at its offset. Pieces may be written in any order.
 *
 * @param piece.isNew nothing was written there yet, so zeros are left out
 * @param piece.direct threads write other pieces: the file gets its length at the end
 */
export async function writePiece(
  opened: number,
  { offset, passTo, isNew, direct }:
    & Pick<FilePiece, "offset" | "passTo" | "direct">
    & { isNew?: boolean },
  signal?: AbortSignal,
): Promise<void> {
  let position = offset;
  await passTo((chunk) => {
    if (isNew && (direct === undefined ? leaveHole(opened, chunk, position) : isHole(chunk))) {
      position += chunk.byteLength;
      return;
    }
    for (let done = 0; done < chunk.byteLength;) {
      const written = writeSync(opened, chunk, done, chunk.byteLength - done, position);
      done += written;
      position += written;
    }
  }, signal);
}

/** Errors of disks that keep no modes. */
const NO_MODES = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/** Makes a new file executable for everybody who may read it, if its disk can. */
export function makeExecutable(path: string): void {
  try {
    chmodSync(path, executableMode(statSync(path).mode));
  } catch (error) {
    if (!NO_MODES.includes(errorCode(error) ?? "")) throw error;
  }
}
