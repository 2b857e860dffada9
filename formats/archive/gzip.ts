// Streaming compression with gzip (RFC 1952) and Deflate (RFC 1951).
import { pipeline, Readable, type Transform } from "node:stream";
import { createDeflateRaw, createGunzip, createGzip } from "node:zlib";
import type { ByteRange } from "../../core/backend.ts";
import { iterableStream, plainBytes } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { itemAt } from "../../core/faults/present.ts";
import { corrupt, unsupported } from "./entries.ts";
import { readSized } from "./ranges.ts";

export function gzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return through(createGzip(), bytes);
}

/** Compresses with raw Deflate, as ZIP does. */
export function deflate(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return through(createDeflateRaw(), bytes);
}

/** Pipes bytes through a zlib transform. `damaged` converts errors of the data. */
export async function* through(
  transform: Transform,
  bytes: AsyncIterable<Uint8Array>,
  damaged = (error: unknown) => error,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes);
  pipeline(source, transform, () => {}); // the loop below throws a failure
  try {
    for await (const piece of transform) yield plainBytes(piece);
  } catch (error) {
    throw /^Z_/.test((error as { code?: string }).code ?? "") ? damaged(error) : error;
  } finally {
    source.destroy();
    transform.destroy();
  }
}

interface GunzipLimits {
  maxBytes: number;
  /** Maximum unpacked bytes per byte of the file, applied above 64 MiB. */
  maxRatio: number;
}

/** Unpacks a file into memory, which holds it once. Throws `Unsupported` above a limit. */
export async function gunzip(
  file: FileToDecode,
  limits: GunzipLimits,
  signal?: AbortSignal,
): Promise<FileToDecode> {
  const damaged = (error: unknown) => corrupt(file.path, "not a gzip file, or damaged", error);
  const unpacker = createGunzip({ chunkSize: PIECE_BYTES });
  const blocks: Uint8Array[] = [];
  let size = 0;
  for await (const piece of through(unpacker, file.stream(), damaged)) {
    signal?.throwIfAborted();
    checkUnpacked(file, size + piece.byteLength, limits);
    for (let at = 0; at < piece.byteLength;) {
      if (size % BLOCK_BYTES === 0) blocks.push(new Uint8Array(BLOCK_BYTES));
      const part = piece.subarray(at, at + BLOCK_BYTES - size % BLOCK_BYTES);
      itemAt(blocks, -1).set(part, size % BLOCK_BYTES);
      at += part.byteLength;
      size += part.byteLength;
    }
  }
  signal?.throwIfAborted();
  return blocksFile(file.path, blocks, size);
}

/** Sizes of an unpacked piece and of a block. */
const [PIECE_BYTES, BLOCK_BYTES] = [65_536, 262_144];
/** The ratio is limited above this size, bytes. */
const RATIO_COUNTS_FROM = 64 * 1024 * 1024;

function checkUnpacked(
  { path, size }: FileToDecode,
  bytes: number,
  { maxBytes, maxRatio }: GunzipLimits,
): void {
  if (bytes > maxBytes) {
    const hint = "Pass a larger `maxBytes` if you trust the archive, or unpack it first.";
    throw unsupported(path, `it expands to more than ${maxBytes} bytes in memory`, hint);
  }
  if (bytes > RATIO_COUNTS_FROM && bytes > size * maxRatio) {
    const state = `it has ${size} bytes, and unpacks to more than ${maxRatio} times as many`;
    throw unsupported(path, state, "Pass a larger `maxRatio` if you trust the archive.");
  }
}

/** Makes a file of blocks, the last one partly filled. Readers get copies. */
function blocksFile(path: string, blocks: readonly Uint8Array[], size: number): FileToDecode {
  async function* read(
    { offset, length = Infinity }: ByteRange = { offset: 0 },
  ): AsyncGenerator<Uint8Array> {
    const end = Math.min(size, offset + length);
    for (let at = offset; at < end;) {
      const start = at % BLOCK_BYTES;
      const stop = Math.min(BLOCK_BYTES, start + end - at);
      yield blocks[(at - start) / BLOCK_BYTES]!.slice(start, stop);
      at += stop - start;
    }
  }
  const stream = (range?: ByteRange) => iterableStream(read(range));
  return { path, size, bytes: () => readSized(stream(), size), stream };
}
