// Compression of stored bytes: gzip (RFC 1952) and Zstandard (RFC 8878). Without `node:zlib`, gzip
// is only expanded.
import type { Transform } from "node:stream";
import type * as Zlib from "node:zlib";
import { iterableStream, plainBytes } from "../../core/bytes/bytes.ts";
import { invalid, type RegistryError, unsupported } from "../../core/errors.ts";
import type { Encoding, StoredFile } from "../../core/record.ts";
import { builtinModule } from "../../core/system.ts";
import { giveWay } from "../../core/work/next_turn.ts";

const builtin = builtinModule<typeof Zlib>("node:zlib");
const zlib = builtin!; // `checkEncoding` and `decodesAtOnce` ask first

/** Returns the compression of a file; undefined if its plain bytes can be read by ranges. */
export function compressionOf({ encoding }: Pick<StoredFile, "encoding">): Encoding | undefined {
  return encoding === "values" ? undefined : encoding;
}

export function isCompressed(file: Pick<StoredFile, "encoding">): boolean {
  return compressionOf(file) !== undefined;
}

/** False if only `decodeStream` can expand bytes. */
export const decodesAtOnce: boolean = builtin !== undefined;

/** Throws for an unknown encoding, or one that this runtime cannot write. */
export function checkEncoding(encoding: Encoding): void {
  if (encoding !== "gzip" && encoding !== "zstd") {
    throw invalid("compress with", JSON.stringify(encoding), "unknown encoding", {
      hint: `Use "gzip" or "zstd".`,
    });
  }
  if (encoding === "gzip" ? builtin === undefined : !writesZstd()) throw missing(encoding);
}

let zstdIsWritten: boolean | undefined;

/** True if this runtime compresses Zstandard: workerd throws if more than 32 KiB remain. */
export function writesZstd(): boolean {
  if (zstdIsWritten !== undefined) return zstdIsWritten;
  const bytes = new Uint8Array(65_536).map((_, i) => Math.imul(i ^ i >>> 3, 0x9e3779b1) >>> 21);
  try {
    return zstdIsWritten = zlib.zstdCompressSync(bytes).length > 0;
  } catch {
    return zstdIsWritten = false;
  }
}

function missing(encoding: Encoding): RegistryError {
  const other = encoding === "zstd" && decodesAtOnce
    ? `Use "gzip", or run Deno or Node 22.15 or later.`
    : "Omit it. In a Worker, set the flag nodejs_compat.";
  return unsupported(`use ${encoding}`, undefined, "this runtime does not support it", {
    hint: other,
  });
}

export function encodeBytes(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  return encoding === "gzip" ? zlib.gzipSync(bytes) : zlib.zstdCompressSync(bytes);
}

/**
 * Expands bytes. Throws if the result is longer than `size`, against compression bombs. The limit of
 * the buffer is larger, as workerd rounds it to a power of two.
 */
export function decodeBytes(bytes: Uint8Array, encoding: Encoding, size: number): Uint8Array {
  const options = { maxOutputLength: 2 * size + 16_384 };
  const expanded = encoding === "gzip"
    ? zlib.gunzipSync(bytes, options)
    : zlib.zstdDecompressSync(bytes, options);
  // deno-lint-ignore holdfast/registry-errors -- callers make it `Corrupt`
  if (expanded.length > size) throw new RangeError(`more than ${size} bytes`);
  return plainBytes(expanded);
}

/**
 * Output of a stream at a time: small chunks cost as much in later steps as large ones. `node:zlib`
 * takes none below the least.
 */
const CHUNK = { chunkSize: 256 * 1024 }, LEAST_CHUNK = 64;

/** Compresses a stream of chunks. Each chunk is consumed when the next one is requested. */
export function encodeStream(
  chunks: AsyncIterable<Uint8Array>,
  encoding: Encoding,
): AsyncIterable<Uint8Array> {
  return through(
    chunks,
    encoding === "gzip" ? zlib.createGzip(CHUNK) : zlib.createZstdCompress(CHUNK),
  );
}

export function decodeStream(
  chunks: AsyncIterable<Uint8Array>,
  encoding: Encoding,
  chunkSize: number = CHUNK.chunkSize,
): AsyncIterable<Uint8Array> {
  if (builtin === undefined) {
    if (encoding !== "gzip") throw missing(encoding);
    return iterableStream(chunks).pipeThrough(
      new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>,
    );
  }
  const options = { chunkSize: Math.max(LEAST_CHUNK, Math.min(chunkSize, CHUNK.chunkSize)) };
  return encoding === "gzip"
    ? through(chunks, zlib.createGunzip(options))
    : through(frameByFrame(chunks), zlib.createZstdDecompress(options));
}

/**
 * Cuts Zstandard after each frame. If bytes follow one in a chunk, such as those of a frame that damage
 * made shorter, Deno 2.9 leaves them out, or throws where nothing can catch it.
 */
async function* frameByFrame(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const parts = partsOfFrames();
  let remaining = parts.next().value, last = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length;) {
      const step = Math.min(remaining, chunk.length - at);
      for (let i = Math.max(0, step - 3); i < step; i++) last = last >>> 8 | chunk[at + i]! << 16;
      at += step;
      for (remaining -= step; remaining <= 0; remaining = parts.next(last).value) {
        if (remaining < 0) yield chunk.subarray(from, from = at);
      }
    }
    if (from < chunk.length) yield chunk.subarray(from);
  }
}

/** Yields sizes of parts of frames (RFC 8878), -1 for an end. Takes the last three bytes. */
function* partsOfFrames(): Generator<number, never, number> {
  for (;;) {
    const flags = (yield 5) >>> 16, isSingle = flags >>> 5 & 1;
    yield 1 - isSingle + [0, 1, 2, 4][flags & 3]! + [isSingle, 2, 4, 8][flags >>> 6]!;
    for (let block = 0; (block & 1) === 0;) {
      block = yield 3;
      yield (block & 6) === 2 ? 1 : block >>> 3;
    }
    yield flags & 4;
    yield -1;
  }
}

async function* through(
  chunks: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array> {
  let taken = () => {};
  transform.once("close", () => taken());
  const feed = async () => {
    try {
      for await (const chunk of chunks) {
        await new Promise<void>((resolve) => {
          taken = resolve;
          transform.write(chunk, () => resolve());
        });
        if (transform.destroyed) return; // the reader stopped, or the loop below throws its failure
      }
      transform.end();
    } catch (error) {
      transform.destroy(error as Error);
    }
  };
  void feed();
  try {
    for await (const chunk of transform) {
      yield plainBytes(chunk);
      await giveWay(); // a few bytes may expand to gigabytes
    }
  } finally {
    transform.destroy();
  }
}
