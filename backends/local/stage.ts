// Stage files: an object is written completely under a temporary name before it gets its key.
import fs from "node:fs";
import { promisify } from "node:util";
import type { Body, SweepOptions, SweptUpload } from "../../core/backend.ts";
import { bodySize, bodyStream, checkBodySize, forEachChunk } from "../../core/bytes/bytes.ts";
import type { System } from "../../core/system.ts";
import { closeRead, lookIfThere, type OpenFile, openFile } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { leaveHole } from "../../disk/holes.ts";
import type { LocalRoot } from "./root.ts";
import { makeRoot } from "./make_root.ts";
import type { DiskSync } from "../../disk/disk_sync.ts";
import { giveWay } from "../../core/work/next_turn.ts";

/** A UUID, as `system.id()` makes them. */
const STAGE_NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_ATTEMPTS = 100;
const AT_ONCE_BYTES = 1 << 18;
const SLICE_BYTES = 1 << 23;

const write = promisify(fs.write);

export interface Stage {
  readonly path: string;
  readonly file: OpenFile;
  /** True once it is removed or renamed. */
  isGone?: boolean;
}

/** An open stage file. Some file systems report a full disk only on close. */
interface OpenStage extends Stage {
  /** The descriptor; undefined once closed. */
  writer: number | undefined;
}

interface StageOptions {
  key: string;
  size?: number;
  disk?: DiskSync;
  system: System;
  signal?: AbortSignal;
}

/** Writes a body into a new stage file. Removes it after a failure. */
export async function writeStage(
  root: LocalRoot,
  body: Body,
  options: StageOptions,
): Promise<Stage> {
  const { key, size, disk, system, signal } = options;
  const failure = (error: unknown) => root.failure(error, { action: "put", key });
  const expected = { size, key, backend: root.location };
  checkBodySize(bodySize(body), expected);
  const stage = await openStage(root, system, disk).catch((error) => {
    throw failure(error);
  });
  let written = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    const append = async (bytes: Uint8Array) => {
      const position = written;
      written += bytes.byteLength;
      checkBodySize(written, expected, { isRead: false });
      await giveWay();
      await writing; // the previous chunk, written while this one was produced
      writing = writeBytes(stage.writer!, { bytes, position, signal }, failure);
      writing.catch(() => {}); // thrown by the next await
    };
    if (body instanceof Uint8Array) await append(body);
    else await forEachChunk(bodyStream(body), append, signal);
    await writing;
    signal?.throwIfAborted();
    checkBodySize(written, expected);
    await disk?.file(stage.writer!).catch((error) => {
      throw failure(error);
    });
    signal?.throwIfAborted();
    const { writer } = stage;
    stage.writer = undefined; // closed even after an error
    try {
      fs.closeSync(writer!);
    } catch (error) {
      throw failure(error);
    }
    return stage;
  } catch (error) {
    await writing.catch(() => {}); // before the file is closed
    if (stage.writer !== undefined) emptyAndClose(stage.writer);
    closeStage(stage);
    throw signal?.aborted ? signal.reason : error;
  }
}

/** Frees the blocks of a failed write, also while a program that is being started holds them. */
function emptyAndClose(file: number): void {
  try {
    fs.ftruncateSync(file);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  } finally {
    closeRead(file);
  }
}

export function removeStage(stage: { path: string; isGone?: boolean }): void {
  if (stage.isGone) return;
  try {
    fs.unlinkSync(stage.path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  stage.isGone = true;
}

/** Closes a stage file and removes it if possible. */
export function closeStage(stage: Stage): void {
  stage.file.close();
  tryRemove(stage);
}

/** Removes a stage file if possible; else a sweep does. */
export function tryRemove(stage: { path: string; isGone?: boolean }): void {
  try {
    removeStage(stage);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

/**
 * Removes stage files unchanged since `olderThan`. Their writers then fail. Files with other names
 * are foreign and stay.
 */
export function* sweepStages(root: LocalRoot, options: SweepOptions): Generator<SweptUpload> {
  for (const name of stageNames(root)) {
    options.signal?.throwIfAborted();
    const path = `${root.stageFolder}/${name}`;
    const key = `.stage/${name}`;
    try {
      const stageState = lookIfThere(path);
      if (!stageState?.isFile || stageState.changedAt >= options.olderThan) continue;
      if (!options.dryRun) removeStage({ path });
      yield { key, startedAt: Math.floor(stageState.changedAt), size: stageState.size };
    } catch (error) {
      throw root.failure(error, { action: "sweep", key });
    }
  }
}

function stageNames(root: LocalRoot): string[] {
  try {
    root.ways.check(root.stageFolder);
    return fs.readdirSync(root.stageFolder).filter((name) => STAGE_NAME.test(name)).sort();
  } catch (error) {
    if (root.isMissing(error)) return [];
    throw root.failure(error, { action: "sweep" });
  }
}

type Failure = (error: unknown) => unknown;

async function openStage(root: LocalRoot, system: System, disk?: DiskSync): Promise<OpenStage> {
  const path = `${root.stageFolder}/${system.id()}`;
  const writer = await createFile(root, path, disk);
  try {
    return { path, writer, file: openFile(path) };
  } catch (error) {
    closeRead(writer);
    throw error;
  }
}

/** Creates the file, and the folder if it is missing or another program removes it. */
async function createFile(root: LocalRoot, path: string, disk?: DiskSync): Promise<number> {
  for (let attempt = 1;; attempt++) {
    if (!root.ways.find(root.stageFolder)) makeRoot(root);
    await disk?.root();
    try {
      const file = fs.openSync(path, "wx", root.modes.file);
      root.owner.giveFile(file);
      return file;
    } catch (error) {
      if (errorCode(error) !== "ENOENT" || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Writes bytes to a part of the file that was not written before: zeros become a hole. */
async function writeBytes(
  file: number,
  { bytes, position, signal }: { bytes: Uint8Array; position: number; signal?: AbortSignal },
  failure: Failure,
): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    signal?.throwIfAborted();
    const length = Math.min(SLICE_BYTES, bytes.byteLength - done);
    try {
      if (leaveHole(file, bytes.subarray(done, done + length), position + done)) done += length;
      else if (length <= AT_ONCE_BYTES) {
        done += fs.writeSync(file, bytes, done, length, position + done);
      } else done += (await write(file, bytes, done, length, position + done)).bytesWritten;
    } catch (error) {
      throw failure(error);
    }
  }
}
