// Writes files into a new folder that no other process uses.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ArtifactFile, FilePiece } from "../core/artifact.ts";
import type { LocalCopy } from "../core/bytes/rebuild.ts";
import { unsupported } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import type { FileInfo } from "../core/record.ts";
import { errorCode } from "./file_errors.ts";
import { byPack } from "../core/work/read_through.ts";
import { mapAtOnce } from "../core/work/at_once.ts";
import { createSideBySide, type SideBySide } from "../core/work/side_by_side.ts";
import { PieceThreads } from "./spread/piece_threads.ts";
import { beginFile, makeExecutable, READ_AHEAD_BYTES } from "./write_file.ts";

export interface StageOptions {
  signal?: AbortSignal;
  onFile?: (file: FileInfo) => void;
  /** The targets of links. Links without one are not written. */
  targets?: ReadonlyMap<string, string>;
  /** Returns another version of a large file, from which equal bytes are taken. */
  copyOf?: (file: FileInfo) => LocalCopy | undefined;
  /** The missing pieces of files whose paths have the others. */
  begun?: ReadonlyMap<ArtifactFile, readonly FilePiece[]>;
  /** Writes a large file to a free path. @default in pieces, if it has some */
  writeLarge?: (path: string, file: ArtifactFile, signal?: AbortSignal) => Promise<void>;
}

/** Files up to this size are read whole; larger ones are streamed. */
const SMALL_BYTES = 1 << 20;
/** Small files that are read concurrently. */
const AT_ONCE = 16;
/** The limit of bytes in flight. Memory is freed late, so usage is several times as much. */
const ROOM_BYTES = 24 * 1024 * 1024;

/**
 * Writes files with safe paths into an empty folder, links last: nothing is written through one.
 */
export async function stageFiles(
  files: readonly ArtifactFile[],
  folder: string,
  options: StageOptions,
): Promise<void> {
  const { signal, onFile, writeLarge, copyOf, targets, begun } = options;
  const created = new Set([folder]);
  function makeFolder(path: string): void {
    if (created.has(path)) return;
    mkdirSync(path, { recursive: true });
    created.add(path);
  }

  const links = files.filter(({ info }) => info.mode === "link");
  const folders = files.filter(({ info }) => info.mode === "folder");
  const ordinary = files.filter(({ info }) => info.mode !== "link" && info.mode !== "folder");
  const small = byPack(ordinary.filter(({ info }) => info.size <= SMALL_BYTES));
  const large = ordinary.filter(({ info }) => info.size > SMALL_BYTES);

  for (const { info } of folders) {
    makeFolder(join(folder, info.path));
    onFile?.(info);
  }
  const contents = mapAtOnce(small, (file) => file.bytes(), { concurrency: AT_ONCE });
  for (const { info } of small) {
    signal?.throwIfAborted();
    const path = join(folder, info.path);
    const { value } = await contents.next();
    makeFolder(dirname(path));
    writeFileSync(path, value, { flag: "wx" });
    if (info.mode === "executable") makeExecutable(path);
    onFile?.(info);
  }
  await together(signal, async (tasks, threads) => {
    for (const file of large) {
      signal?.throwIfAborted();
      const path = join(folder, file.info.path);
      makeFolder(dirname(path));
      const missing = begun?.get(file);
      const copy = missing === undefined ? copyOf?.(file.info) : undefined;
      if (writeLarge === undefined || copy !== undefined || missing !== undefined) {
        await beginFile(path, file, { tasks, threads, onFile, copy, missing });
      } else {
        await tasks.begin(Math.min(file.info.size, READ_AHEAD_BYTES), async () => {
          await writeLarge(path, file, tasks.signal);
          onFile?.(file.info);
        });
      }
    }
  });
  for (const file of links) {
    const path = join(folder, file.info.path);
    makeFolder(dirname(path));
    const target = targets?.get(file.info.path);
    if (target !== undefined) writeLink(target, path, file.info);
    onFile?.(file.info);
  }
}

/** Errors of disks without symbolic links, such as exFAT. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

function writeLink(target: string, path: string, file: FileInfo): void {
  try {
    symlinkSync(target, path);
  } catch (cause) {
    if (!NO_LINKS.includes(errorCode(cause) ?? "")) throw cause;
    throw unsupported("write link", shown(file.path), "its disk has no symbolic links", {
      hint: 'Choose a folder on another disk, or leave links out: { links: "skip" }.',
      reason: { kind: "links_unsupported" },
      cause,
    });
  }
}

/** Writes a file to a free path, in pieces if it has some. */
export async function writeFileTo(
  path: string,
  file: ArtifactFile,
  signal?: AbortSignal,
): Promise<void> {
  await together(signal, (tasks, threads) => beginFile(path, file, { tasks, threads }));
}

/** Runs concurrent tasks. None is running when this returns or throws. */
async function together(
  signal: AbortSignal | undefined,
  begin: (tasks: SideBySide, threads: PieceThreads) => Promise<void>,
): Promise<void> {
  const tasks = createSideBySide({ atOnce: AT_ONCE, room: ROOM_BYTES, signal });
  const threads = new PieceThreads();
  const endThreads = () => threads.end();
  tasks.signal.addEventListener("abort", () => void endThreads(), { once: true });
  try {
    await begin(tasks, threads);
    await tasks.end();
  } catch (error) {
    await tasks.stop(error); // before the folder is removed
    throw error;
  } finally {
    await endThreads();
  }
}
