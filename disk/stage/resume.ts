// Resumes a killed download. Its files are not trusted, but read again.
import { closeSync, lstatSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactFile, FilePiece } from "../../core/artifact.ts";
import { forEachChunk } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { nextTurn } from "../../core/work/next_turn.ts";
import type { FileInfo } from "../../core/record.ts";
import type { StageOptions } from "../stage_files.ts";
import { copyAt } from "../spread/local_copy.ts";
import { compareFile, compareFiles } from "../compare_files.ts";
import { lookAt } from "../target.ts";
import { makeExecutable, writePiece } from "../write_file.ts";

interface ResumeOptions extends Pick<StageOptions, "copyOf"> {
  /** Folders that killed downloads left, of this disk. */
  left: readonly string[];
  signal?: AbortSignal;
  onThere?: (file: FileInfo, bytes: number) => void;
}

/** Files that are finished concurrently. */
const AT_ONCE = 4;
/** The shortest beginning that is used, bytes. */
const MIN_BEGUN_BYTES = 1 << 20;

/** Files that are still to be written. */
interface Rest {
  missing: ArtifactFile[];
  /** The missing pieces of those that were begun; the paths of all others are free. */
  begun: Map<ArtifactFile, readonly FilePiece[]>;
}

/**
 * Takes the files that are the same, finishes large ones whose beginning exists, and finds the pieces
 * that others lack.
 *
 * @param folder absolute, without links on the way to it; only this program writes to it
 */
export async function resumeFiles(
  files: readonly ArtifactFile[],
  folder: string,
  { left, signal, onThere, copyOf }: ResumeOptions,
): Promise<Rest> {
  const infos = files.map(({ info }) => info);
  adopt(infos, folder, left);
  const states = await compareFiles(infos, folder, {
    signal,
    onSame: (file) => onThere?.(file, file.size),
  });
  const done = new Set<string>();
  const begun: Rest["begun"] = new Map();
  await forEachAtOnce(files, async (file) => {
    const { path, mode } = file.info;
    const state = states.get(path);
    if (state === "same" && mode !== "folder") done.add(path);
    if (state !== "different") return;
    // With a copy of another version, the file is built again: most of its bytes are there.
    const isUsed = copyOf?.(file.info) === undefined;
    const pieces = isUsed ? await file.pieces?.() : undefined;
    const missing = pieces && await missingPieces(join(folder, path), pieces, signal);
    const lacking = missing?.reduce((sum, { length }) => sum + length, 0) ?? Infinity;
    if (missing !== undefined && lacking < file.info.size) {
      begun.set(file, missing);
      onThere?.(file.info, file.info.size - lacking);
    } else if (
      isUsed && pieces === undefined &&
      await finishFile(join(folder, path), file, { signal, onThere })
    ) {
      done.add(path);
    } else rmSync(join(folder, path));
  }, { concurrency: AT_ONCE });
  return { missing: files.filter(({ info }) => !done.has(info.path)), begun };
}

/** Takes the files that killed downloads left, if nothing on the way to them is a link. */
function adopt(files: readonly FileInfo[], folder: string, left: readonly string[]): void {
  for (const from of left) {
    const folders = new Map([["", true]]);
    const isFolder = (path: string): boolean => {
      const known = folders.get(path);
      if (known !== undefined) return known;
      const is = isFolder(above(path)) && lookAt(join(from, path))?.isDirectory() === true;
      folders.set(path, is);
      return is;
    };
    for (const { path, mode } of files) {
      if (mode === "link" || mode === "folder" || !isFolder(above(path))) continue;
      if (!lookAt(join(from, path))?.isFile() || lookAt(join(folder, path))) continue;
      mkdirSync(join(folder, above(path)), { recursive: true });
      renameSync(join(from, path), join(folder, path));
    }
  }
}

function above(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Returns what a file lacks of its pieces: many arrive at once, and each may have been begun. */
async function missingPieces(
  path: string,
  pieces: readonly FilePiece[],
  signal?: AbortSignal,
): Promise<readonly FilePiece[]> {
  const written = copyAt(path);
  const missing: FilePiece[] = [];
  for (const piece of pieces) {
    signal?.throwIfAborted();
    const { missingIn = () => Promise.resolve(piece) } = piece;
    const rest = written === undefined ? piece : await missingIn(written);
    if (rest !== undefined) missing.push(rest);
    await nextTurn();
  }
  return missing;
}

/**
 * Writes the rest of a file and reads all of it again. False if too little is there, if the result
 * is another file, or if it cannot be read from the middle.
 */
async function finishFile(
  path: string,
  file: ArtifactFile,
  { signal, onThere }: Omit<ResumeOptions, "left">,
): Promise<boolean> {
  const { info } = file;
  const begun = lstatSync(path).size;
  if (begun < MIN_BEGUN_BYTES || begun > info.size) return false;
  const whole: FilePiece = {
    offset: begun,
    length: info.size - begun,
    passTo: (write, signal) => forEachChunk(file.stream({ offset: begun }), write, signal),
  };
  onThere?.(info, begun);
  const opened = openSync(path, "r+");
  try {
    if (whole.length > 0) await writePiece(opened, whole, signal);
  } catch (error) {
    if (isRegistryError(error, "Unsupported")) return false; // it is stored compressed
    throw error;
  } finally {
    closeSync(opened);
  }
  if (info.mode === "executable") makeExecutable(path);
  return await compareFile(info, path, { signal }) === "same";
}
