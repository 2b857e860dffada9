// Unpacks `data.tar.gz`: small ones in memory, others in a temporary folder.
import type { ArchiveEntry } from "../../../formats/mod.ts";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { ByteRange } from "../../../materializers/mod.ts";
import { fault, iterableStream, readAll } from "../../../core/kernel.ts";
import type { FileToDecode } from "../../../files/mod.ts";
import { tar, tgz } from "../../../formats/mod.ts";

/** Larger archives are unpacked on the disk, bytes. */
const SMALL_BYTES = 8 * 1024 * 1024;
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;
/** Maximum unpacked bytes per byte of a large archive. */
const MAX_RATIO = 200;

/** Unpacks archives. Temporary files are removed when they are released, or at the end. */
export class Unpacker implements AsyncDisposable {
  #folder: Promise<string> | undefined;
  #count = 0;
  readonly #paths = new Map<string, string[]>();

  /** @param owner the version that needs the files */
  async unpack(file: FileToDecode, owner: string, signal?: AbortSignal): Promise<ArchiveEntry[]> {
    if (file.size <= SMALL_BYTES) {
      return await tgz({ maxBytes: MAX_MEMORY_BYTES }).decode(file, { signal });
    }
    this.#folder ??= mkdtemp(join(tmpdir(), "holdfast-mindtrace-"));
    const path = join(await this.#folder, `${this.#count++}.tar`);
    this.#paths.set(owner, [...this.#paths.get(owner) ?? [], path]);
    await pipeline(
      file.stream(),
      createGunzip(),
      limited(file),
      createWriteStream(path),
      { signal },
    );
    return await tar().decode(await diskFile(path), { signal });
  }

  /** Removes the temporary files of a version. */
  async release(owner: string): Promise<void> {
    for (const path of this.#paths.get(owner) ?? []) await rm(path, { force: true });
    this.#paths.delete(owner);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder === undefined) return;
    await rm(await this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

function limited({ path, size }: FileToDecode) {
  return async function* (chunks: AsyncIterable<Uint8Array>) {
    let unpacked = 0;
    for await (const chunk of chunks) {
      unpacked += chunk.byteLength;
      if (unpacked > size * MAX_RATIO) {
        const state = `it expands to more than ${MAX_RATIO} times its size`;
        throw fault({ code: "Unsupported", action: "unpack", subject: path, state });
      }
      yield chunk;
    }
  };
}

async function diskFile(path: string): Promise<FileToDecode> {
  const { size } = await stat(path);
  const stream = ({ offset, length }: ByteRange = { offset: 0 }) =>
    iterableStream(
      createReadStream(path, {
        start: offset,
        ...(length !== undefined && { end: offset + length - 1 }),
      }),
    );
  return { path, size, stream, bytes: () => readAll(stream()) };
}
