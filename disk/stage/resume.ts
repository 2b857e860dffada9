// Resumes a killed download. Its files are not trusted, but read again.
import { closeSync, lstatSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactFile, FilePiece } from "../../core/artifact.ts";
import { forEachChunk } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { FileInfo } from "../../core/record.ts";
import type { StageOptions } from "../stage_files.ts";
import { compareFile, compareFiles } from "../compare_files.ts";
import { listFolder } from "../paths_below.ts";
import { foldersOf } from "../../core/naming/file_paths.ts";
import { makeExecutable, writePiece } from "../write_file.ts";

interface ResumeOptions extends Pick<StageOptions, "copyOf"> {
  signal?: AbortSignal;
  onThere?: (file: FileInfo, bytes: number) => void;
}

/** Files that are finished concurrently. */
const AT_ONCE = 4;
/** The shortest beginning that is used, bytes. */
const MIN_BEGUN_BYTES = 1 << 20;
/** The range in which concurrent pieces are written, bytes. */
const PIECES_AHEAD_BYTES = 64 * 1024 * 1024;
/** The same for pieces that other threads write. */
const DIRECT_AHEAD_BYTES = 192 * 1024 * 1024;

/**
 * Finishes large files whose beginning exists, and removes everything else that is not the same.
 * Returns the files that are still to be written, whose paths are free.
 *
 * @param folder absolute, without links on the way to it
 */
export async function resumeFiles(
  files: readonly ArtifactFile[],
  folder: string,
  { signal, onThere, copyOf }: ResumeOptions,
): Promise<ArtifactFile[]> {
  const infos = files.map(({ info }) => info);
  await removeOthers(infos, folder);
  const states = await compareFiles(infos, folder, {
    signal,
    onSame: (file) => onThere?.(file, file.size),
  });
  const done = new Set<string>();
  await forEachAtOnce(files, async (file) => {
    const { path, mode } = file.info;
    const state = states.get(path);
    // With a copy of another version, the file is built again: most of its bytes are there.
    const isFinished = state === "different" && copyOf?.(file.info) === undefined &&
      await finishFile(join(folder, path), file, { signal, onThere });
    if (isFinished || (state === "same" && mode !== "folder")) done.add(path);
    else if (state === "different") rmSync(join(folder, path));
  }, { concurrency: AT_ONCE });
  return files.filter(({ info }) => !done.has(info.path));
}

/** Removes everything that is not one of these files, links above all. */
async function removeOthers(files: readonly FileInfo[], folder: string): Promise<void> {
  const folders = foldersOf(files.map(({ path }) => path));
  const ordinary = new Set<string>();
  for (const { path, mode } of files) {
    if (mode === "folder") folders.add(path);
    else if (mode !== "link") ordinary.add(path);
  }
  await clear("");

  async function clear(below: string): Promise<void> {
    for (const entry of await listFolder(join(folder, below))) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory && folders.has(path)) await clear(path);
      else if (!(entry.isFile && ordinary.has(path))) {
        rmSync(join(folder, path), { recursive: true });
      }
    }
  }
}

/**
 * Writes the rest of a file and reads all of it again. False if too little is there, if the result
 * is another file, or if it cannot be read from the middle.
 */
async function finishFile(
  path: string,
  file: ArtifactFile,
  { signal, onThere }: ResumeOptions,
): Promise<boolean> {
  const { info } = file;
  const pieces = await file.pieces?.();
  const ahead = pieces?.[0]?.direct === undefined ? PIECES_AHEAD_BYTES : DIRECT_AHEAD_BYTES;
  const begun = lstatSync(path).size - (pieces === undefined ? 0 : ahead);
  if (begun < MIN_BEGUN_BYTES || begun > info.size) return false;
  const whole: FilePiece = {
    offset: begun,
    length: info.size - begun,
    passTo: (write, signal) => forEachChunk(file.stream({ offset: begun }), write, signal),
  };
  const rest = (pieces ?? [whole]).filter(({ offset, length }) =>
    length > 0 && offset + length > begun
  );
  onThere?.(info, info.size - rest.reduce((sum, { length }) => sum + length, 0));
  const opened = openSync(path, "r+");
  try {
    for (const piece of rest) await writePiece(opened, piece, signal);
  } catch (error) {
    if (isRegistryError(error, "Unsupported")) return false; // it is stored compressed
    throw error;
  } finally {
    closeSync(opened);
  }
  if (info.mode === "executable") makeExecutable(path);
  return await compareFile(info, path, { signal }) === "same";
}
