// Files on disk as source or target of a transfer.
import { lstatSync, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { forEachChunk, iterableStream } from "../../core/bytes/bytes.ts";
import { fileError, onDisk } from "../../disk/file_errors.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { System } from "../../core/system.ts";

/** A file to upload. */
export interface LocalFile {
  path: string | URL;
}

/** A downloaded file. */
export interface DownloadedFile {
  /** The absolute path. */
  path: string;
  size: number;
}

export interface WriteLocalFileOptions {
  overwrite?: boolean;
  signal?: AbortSignal;
  system: System;
}

const CHUNK_BYTES = 1 << 18;

/** Returns the content of a file, opened on the first read. Throws `Invalid` for a folder. */
export function readLocalFile(
  file: LocalFile | URL,
): { size: number; content: ReadableStream<Uint8Array> } {
  const path = pathOf(file instanceof URL ? file : file.path);
  const stats = onDisk("read", path, () => statSync(path));
  if (!stats.isFile()) {
    throw fault({
      code: "Invalid",
      action: "upload",
      subject: shown(path),
      state: "it is not a file",
      hint: "Upload single files, or save a folder: registry.save(name, localPath(folder)).",
    });
  }
  return { size: stats.size, content: iterableStream(chunksOf(path)) };
}

/** Writes a stream to a temporary file (`.holdfast-…`) beside the target, and renames it. */
export async function writeLocalFile(
  stream: ReadableStream<Uint8Array>,
  to: string | URL,
  options: WriteLocalFileOptions,
): Promise<DownloadedFile> {
  const { overwrite = false, signal, system } = options;
  const path = pathOf(to);
  const stage = join(dirname(path), `.holdfast-${system.id()}`);
  try {
    checkFree(path, overwrite);
    await mkdir(dirname(path), { recursive: true });
    const size = await writeStage(stream, stage, signal);
    checkFree(path, overwrite);
    await rename(stage, path);
    return { path, size };
  } catch (cause) {
    await stream.cancel(cause).catch(() => {}); // if it was not read yet
    await rm(stage, { force: true });
    throw fileError("write", path, cause);
  }
}

async function writeStage(
  stream: ReadableStream<Uint8Array>,
  stage: string,
  signal?: AbortSignal,
): Promise<number> {
  const handle = await open(stage, "wx");
  let size = 0;
  try {
    await forEachChunk(stream, async (chunk) => {
      for (let done = 0; done < chunk.byteLength;) {
        done += (await handle.write(chunk, done, chunk.byteLength - done)).bytesWritten;
      }
      size += chunk.byteLength;
    }, signal);
  } finally {
    await handle.close();
  }
  return size;
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, "r").catch((cause) => {
    throw fileError("read", path, cause);
  });
  try {
    while (true) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const { bytesRead, buffer } = await handle.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function checkFree(path: string, overwrite: boolean): void {
  const found = onDisk("write", path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined || overwrite && !found.isDirectory()) return;
  throw fault({
    code: "AlreadyExists",
    action: "write",
    subject: shown(path),
    state: `${found.isDirectory() ? "a folder of that name" : "it"} already exists`,
    hint: found.isDirectory()
      ? "Pass the path of a file."
      : "Choose another path, or pass overwrite: true.",
  });
}

function pathOf(path: string | URL): string {
  if (!(path instanceof URL)) return resolve(path);
  if (path.protocol === "file:") return fileURLToPath(path);
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${path.protocol} URL as a file`,
    state: "not a file: URL",
    hint: "Pass a file: URL, or a string to store text.",
  });
}
