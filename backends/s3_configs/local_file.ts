// Files on disk as the ends of a transfer.
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

/** A file that was written. */
export interface DownloadedFile {
  /** Where it is, absolute. */
  path: string;
  size: number;
}

export interface WriteLocalFileOptions {
  overwrite?: boolean;
  /** Ends the work; nothing is left of it. */
  signal?: AbortSignal;
  system: System;
}

const CHUNK_BYTES = 1 << 18;

/** The content of a file; it is opened when the stream is first read. `Invalid` for a folder. */
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
      hint:
        "An object is one file. A registry keeps folders: registry.save(name, localPath(folder)).",
    });
  }
  return { size: stats.size, content: iterableStream(chunksOf(path)) };
}

/** Writes a stream to a file: beside it under a temporary name (`.holdfast-…`), which is given up when all is there. */
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
    await stream.cancel(cause).catch(() => {}); // where nothing of it was read yet
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
      const { bytesRead, buffer } = await handle.read(
        new Uint8Array(CHUNK_BYTES),
        0,
        CHUNK_BYTES,
        null,
      );
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
    state: `it exists${found.isDirectory() ? " and is a folder" : ""}`,
    hint: found.isDirectory()
      ? "Name the file to write."
      : "Choose another path, or pass overwrite: true.",
  });
}

function pathOf(path: string | URL): string {
  if (!(path instanceof URL)) return resolve(path);
  if (path.protocol === "file:") return fileURLToPath(path);
  throw fault({
    code: "Invalid",
    action: "use a",
    subject: `${path.protocol} URL as a file`,
    state: "only file: URLs name one",
    hint: "To store text, pass the text and not a URL.",
  });
}
