// Writes a file on a disk under a temporary name first.
import fs, { constants } from "node:fs";
import { open } from "node:fs/promises";
import { errorCode } from "../../disk/file_errors.ts";
import { forEachChunk, plainBytes } from "../../core/bytes/bytes.ts";
import { chunksOf, type JoinedElements, PARTS } from "../../formats/arrays/view_bytes.ts";
import { contentStream } from "../../formats/content/content.ts";
import { OWN_PREFIX } from "../../core/naming/paths.ts";
import type { FileToSave } from "../../core/materializer.ts";
import type { System } from "../../core/system.ts";
import { MOST_RACES } from "./place.ts";

/** Names of files that are being written. */
const STAGE_NAME = new RegExp(`^\\${OWN_PREFIX}[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`);
/** Content up to this size is written synchronously. */
const AT_ONCE_BYTES = 1 << 20;
/** Older files that are being written are leftovers. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Follows no link. */
const FLAGS = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

interface StageOptions {
  system: System;
  /** Makes files durable before they get their paths. */
  durable: boolean;
  /** Creates the folder. Runs in the same turn in which the file is created. */
  prepare(): void;
  signal?: AbortSignal;
}

/** Creates the file, empty. From then on nobody can remove its folder. */
function begin(path: string, prepare: () => void): number {
  for (let retries = MOST_RACES;; retries--) {
    try {
      prepare();
      return fs.openSync(path, "wx");
    } catch (error) {
      // ENOENT: another program removed the folder.
      if (errorCode(error) !== "ENOENT" || retries === 0) throw error;
    }
  }
}

/** Writes content to a new file in a folder, and returns its path. A failure leaves no file. */
export async function stageFile(
  folder: string,
  content: FileToSave["content"],
  { system, durable, prepare, signal }: StageOptions,
): Promise<string> {
  const path = `${folder}/${OWN_PREFIX}${system.id()}`;
  const descriptor = begin(path, prepare);
  try {
    try {
      if (content instanceof Uint8Array && content.byteLength <= AT_ONCE_BYTES) {
        const bytes = plainBytes(content);
        for (let at = 0; at < bytes.byteLength;) at += fs.writeSync(descriptor, bytes, at);
        if (durable) fs.fsyncSync(descriptor);
        return path;
      }
    } finally {
      fs.closeSync(descriptor);
    }
    const file = await open(path, FLAGS);
    const write = async (chunk: Uint8Array) => {
      for (let done = 0; done < chunk.byteLength;) {
        done += (await file.write(chunk, done, chunk.byteLength - done)).bytesWritten;
      }
    };
    const parts = partsOf(content);
    try {
      if (parts === undefined) await forEachChunk(contentStream(content), write, signal);
      for (const chunk of chunksOf(parts ?? [])) {
        signal?.throwIfAborted();
        await write(chunk);
      }
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    return path;
  } catch (error) {
    removeStage(path);
    throw error;
  }
}

/** Returns content that is in memory; nothing is written to it here. */
function partsOf(content: FileToSave["content"]): readonly Uint8Array[] | undefined {
  if (content instanceof Uint8Array) return [plainBytes(content)];
  return (content as Partial<JoinedElements>)[PARTS];
}

export function removeStage(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (errorCode(error) === undefined) throw error; // a later sweep removes it
  }
}

/** True if a folder contains only files that are or were being written. */
export function hasOnlyStages(folder: string): boolean {
  try {
    return fs.readdirSync(folder).every((name) => STAGE_NAME.test(name));
  } catch {
    return false; // another program removed it
  }
}

/** Removes files in a folder whose writers died more than a day ago. */
export function sweepStages(folder: string, system: System): void {
  for (const name of fs.readdirSync(folder)) {
    if (!STAGE_NAME.test(name)) continue;
    const path = `${folder}/${name}`;
    const state = fs.lstatSync(path, { throwIfNoEntry: false });
    if (state !== undefined && state.mtimeMs < system.now() - STALE_MS) removeStage(path);
  }
}
