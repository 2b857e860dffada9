// Compression of stored bytes: gzip (RFC 1952) and Zstandard (RFC 8878).
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { bytesStream, plainBytes } from "../../core/bytes/bytes.ts";
import { invalid, unsupported } from "../../core/errors.ts";
import type { Encoding } from "../../core/record.ts";

/** Throws for an unknown encoding, or one that this runtime does not support. */
export function checkEncoding(encoding: Encoding): void {
  if (encoding === "gzip") return;
  if (encoding !== "zstd") {
    throw invalid("compress with", JSON.stringify(encoding), "unknown encoding", {
      hint: `Use "gzip" or "zstd".`,
    });
  }
  if (typeof zlib.zstdCompressSync === "function") return;
  throw unsupported("use zstd", undefined, "this runtime does not support it", {
    hint: `Use "gzip", or run Deno or Node 22.15 or later.`,
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

/** Expands bytes into `target` and returns their number. Stops early if there are more. */
export async function decodeInto(
  target: Uint8Array,
  bytes: Uint8Array,
  encoding: Encoding,
): Promise<number> {
  let count = 0;
  for await (const chunk of decodeStream(bytesStream(bytes), encoding)) {
    if (count + chunk.byteLength > target.byteLength) return count + chunk.byteLength;
    target.set(chunk, count);
    count += chunk.byteLength;
  }
  return count;
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
