/**
 * Writing files into a new folder that nobody else knows of.
 *
 * @module
 */
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ArtifactFile } from "../artifact.ts";
import { forEachChunk } from "../bytes/bytes.ts";
import { RegistryError } from "../errors.ts";
import { linkTargetProblem } from "./file_paths.ts";
import { shown } from "../naming/names.ts";
import type { FileInfo } from "../record/record.ts";
import { mapAtOnce } from "../work/at_once.ts";
import { createSideBySide } from "../work/side_by_side.ts";

/** Options of {@linkcode stageFiles}. */
export interface StageOptions {
  /** Ends the work. */
  signal?: AbortSignal;
  /** Hears of each file that was written. */
  onFile?: (file: FileInfo) => void;
  /** Writes a large file to a path that is free. @default writeFileTo */
  writeLarge?: (path: string, file: ArtifactFile, signal?: AbortSignal) => Promise<void>;
}

/** Files up to this size are read whole; larger ones are streamed. */
const SMALL_BYTES = 1 << 20;
/** Files that are read at once. */
const AT_ONCE = 16;
/** Memory that streams may take together, as far as can be told. */
const ROOM_BYTES = 96 * 1024 * 1024;
/** What stores read ahead of one stream at most. */
const READ_AHEAD_BYTES = 32 * 1024 * 1024;

/**
 * Writes files into an empty folder: links last, so that nothing is written through one.
 *
 * @param files with safe paths
 */
export async function stageFiles(
  files: readonly ArtifactFile[],
  folder: string,
  options: StageOptions,
): Promise<void> {
  const { signal, onFile, writeLarge = writeFileTo } = options;
  const made = new Set([folder]);
  function makeFolder(path: string): void {
    if (made.has(path)) return;
    mkdirSync(path, { recursive: true });
    made.add(path);
  }

  const links = files.filter(({ info }) => info.mode === "link");
  const folders = files.filter(({ info }) => info.mode === "folder");
  const ordinary = files.filter(({ info }) => info.mode !== "link" && info.mode !== "folder");
  const small = ordinary.filter(({ info }) => info.size <= SMALL_BYTES);
  const large = ordinary.filter(({ info }) => info.size > SMALL_BYTES);

  for (const { info } of folders) {
    makeFolder(join(folder, info.path));
    onFile?.(info);
  }
  const contents = mapAtOnce(small, (file) => file.bytes(), { atOnce: AT_ONCE });
  for (const { info } of small) {
    signal?.throwIfAborted();
    const path = join(folder, info.path);
    const { value } = await contents.next();
    makeFolder(dirname(path));
    writeFileSync(path, value, { flag: "wx" });
    if (info.mode === "executable") makeExecutable(path);
    onFile?.(info);
  }
  const streams = createSideBySide({ atOnce: AT_ONCE, room: ROOM_BYTES, signal });
  try {
    for (const file of large) {
      signal?.throwIfAborted();
      const path = join(folder, file.info.path);
      makeFolder(dirname(path));
      await streams.begin(Math.min(file.info.size, READ_AHEAD_BYTES), async () => {
        await writeLarge(path, file, streams.signal);
        onFile?.(file.info);
      });
    }
    await streams.end();
  } catch (error) {
    await streams.stop(error); // nothing is written any more when the folder is removed
    throw error;
  }
  for (const file of links) {
    const path = join(folder, file.info.path);
    makeFolder(dirname(path));
    symlinkSync(await readTarget(file), path);
    onFile?.(file.info);
  }
}

/** Whoever may read may run: so what the umask took away at its creation stays away. */
function makeExecutable(path: string): void {
  const { mode } = statSync(path);
  chmodSync(path, (mode & 0o777) | ((mode & 0o444) >> 2));
}

/** Writes a file to a path that is free, piece by piece. */
export async function writeFileTo(path: string, file: ArtifactFile, signal?: AbortSignal): Promise<void> {
  const handle = await open(path, "wx");
  try {
    await forEachChunk(file.stream(), async (chunk) => {
      for (let done = 0; done < chunk.byteLength;) {
        done += (await handle.write(chunk, done, chunk.byteLength - done)).bytesWritten;
      }
    }, signal);
  } finally {
    await handle.close();
  }
  if (file.info.mode === "executable") makeExecutable(path);
}

async function readTarget(file: ArtifactFile): Promise<string> {
  const target = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await file.bytes());
  const problem = linkTargetProblem(file.info.path, target);
  if (problem === undefined) return target;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot write link ${shown(file.info.path)} of the artifact: ${problem}`,
    hint: "Nothing was written. Read single files by registry.open(ref) and file(path).",
  });
}
