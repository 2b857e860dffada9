// Files on disk as source or target of a transfer.
import { createReadStream, lstatSync, type Stats, statSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { fileError, onDisk } from "../../disk/file_errors.ts";
import { alreadyExists, invalid } from "../../core/errors.ts";
import { behindLinks, foreignFile, keepAccess } from "../../disk/keep_access.ts";
import { isSpecial, SPECIAL } from "../../disk/target.ts";
import { shown } from "../../core/naming/names.ts";
import type { System } from "../../core/system.ts";

/** A downloaded file. */
export interface DownloadedFile {
  /** The absolute path. */
  path: string;
  size: number;
}

const CHUNK_BYTES = 1 << 18;

/** Returns the content of a file, opened on the first read. Throws `Invalid` for a folder. */
export function readLocalFile(
  file: { path: string | URL } | URL,
): { size: number; content: ReadableStream<Uint8Array> } {
  const path = pathOf(file instanceof URL ? file : file.path);
  const stats = onDisk("read", path, () => statSync(path));
  if (!stats.isFile()) {
    throw invalid("upload", shown(path), "it is not a file", {
      hint: "Upload single files, or save a folder: registry.save(name, localPath(folder)).",
    });
  }
  return { size: stats.size, content: iterableStream(chunksOf(path)) };
}

/**
 * Writes a stream to a temporary file (`.holdfast-…`) beside the target, and renames it. A replaced
 * file keeps its owner and mode, and links are followed.
 */
export async function writeLocalFile(
  stream: ReadableStream<Uint8Array>,
  to: string | URL,
  options: { overwrite?: boolean; signal?: AbortSignal; system: System },
): Promise<DownloadedFile> {
  const { overwrite = false, signal, system } = options;
  const asked = pathOf(to);
  checkFree(asked, overwrite);
  const path = behindLinks("write", asked);
  const stage = join(dirname(path), `.holdfast-${system.id()}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const replaced = checkFree(path, overwrite);
    const opened = await open(stage, "wx");
    const file = opened.createWriteStream();
    await pipeline(
      () => {
        if (!keepAccess(opened.fd, replaced)) throw foreignFile("write", path, replaced!);
        return stream;
      },
      file,
      { signal },
    ); // closes the file, also after an error
    checkFree(path, overwrite);
    await rename(stage, path);
    return { path: asked, size: file.bytesWritten };
  } catch (cause) {
    await stream.cancel(cause).catch(() => {}); // if it was not read yet
    await rm(stage, { force: true });
    signal?.throwIfAborted(); // pipelines throw an error of their own
    throw fileError("write", path, cause);
  }
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: CHUNK_BYTES });
  } catch (cause) {
    throw fileError("read", path, cause);
  }
}

/** Returns the file that may be replaced, if any. */
function checkFree(path: string, overwrite: boolean): Stats | undefined {
  const occupant = onDisk("write", path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (occupant === undefined) return undefined;
  if (overwrite && !occupant.isDirectory() && !isSpecial(path, occupant)) return occupant;
  const state = isSpecial(path, occupant)
    ? SPECIAL
    : `${occupant.isDirectory() ? "a folder of that name" : "it"} already exists`;
  const hint = occupant.isDirectory()
    ? "Pass the path of a file."
    : "Choose another path, or pass overwrite: true.";
  throw alreadyExists("write", shown(path), state, { hint });
}

function pathOf(path: string | URL): string {
  if (!(path instanceof URL)) return resolve(path);
  if (path.protocol === "file:") return fileURLToPath(path);
  throw invalid("use", `${path.protocol} URL as a file`, "not a file: URL", {
    hint: "Pass a file: URL, or a string to store text.",
  });
}
