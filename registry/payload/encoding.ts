// Compression of stored bytes: gzip (RFC 1952) and Zstandard (RFC 8878). Without `node:zlib`, gzip
// is only expanded.
import type { Transform } from "node:stream";
import type * as Zlib from "node:zlib";
import { iterableStream, plainBytes } from "../../core/bytes/bytes.ts";
import { invalid, type RegistryError, unsupported } from "../../core/errors.ts";
import type { Encoding } from "../../core/record.ts";
import { builtinModule } from "../../core/system.ts";

const found = builtinModule<typeof Zlib>("node:zlib");
const zlib = found!; // `checkEncoding` and `decodesAtOnce` ask first

/** False if only `decodeStream` can expand bytes. */
export const decodesAtOnce: boolean = found !== undefined;

/** Throws for an unknown encoding, or one that this runtime cannot write. */
export function checkEncoding(encoding: Encoding): void {
  if (encoding !== "gzip" && encoding !== "zstd") {
    throw invalid("compress with", JSON.stringify(encoding), "unknown encoding", {
      hint: `Use "gzip" or "zstd".`,
    });
  }
  const encode = encoding === "gzip" ? found?.gzipSync : found?.zstdCompressSync;
  if (encode === undefined) throw missing(encoding);
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

/** Expands bytes. Throws if the result is longer than `size`, against compression bombs. */
export function decodeBytes(bytes: Uint8Array, encoding: Encoding, size: number): Uint8Array {
  const options = { maxOutputLength: Math.max(size, 1) };
  return plainBytes(
    encoding === "gzip" ? zlib.gunzipSync(bytes, options) : zlib.zstdDecompressSync(bytes, options),
  );
}

/** Output of a stream at a time: small chunks cost as much in later steps as large ones. */
const CHUNK = { chunkSize: 256 * 1024 };

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
  if (found === undefined) {
    if (encoding !== "gzip") throw missing(encoding);
    return iterableStream(chunks).pipeThrough(
      new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>,
    );
  }
  const options = { chunkSize: Math.min(chunkSize, CHUNK.chunkSize) };
  return through(
    chunks,
    encoding === "gzip" ? zlib.createGunzip(options) : zlib.createZstdDecompress(options),
  );
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
    for await (const chunk of transform) yield plainBytes(chunk);
  } finally {
    transform.destroy();
  }
}
