// Unpacking of pages to at most their declared size: Snappy
// (https://github.com/google/snappy/blob/main/format_description.txt), LZ4, and codecs of the
// runtime. Large pages are unpacked in turns or off this thread.
import zlib from "node:zlib";
import { unpackZstd } from "../compression/zstd.ts";
import { copyBack, copyIn, lz4Steps } from "../compression/lz4.ts";
import { Damage } from "./thrift.ts";

/** Unpacks bytes to a known size, with a `turn` between steps. Throws any error if they are damaged. */
export type Unpack = (
  packed: Uint8Array,
  size: number,
  turn: () => Promise<void>,
) => Uint8Array | Promise<Uint8Array>;

/** Codecs by number; without `unpack`, this runtime does not support one. */
export const CODECS: readonly { name: string; unpack?: Unpack }[] = [
  { name: "none", unpack: (packed) => packed },
  { name: "snappy", unpack: inSteps(snappySteps) },
  { name: "gzip", unpack: byRuntime(zlib.gunzipSync, zlib.gunzip) },
  { name: "lzo" },
  { name: "brotli", unpack: byRuntime(zlib.brotliDecompressSync, zlib.brotliDecompress) },
  { name: "lz4 in frames" },
  // In a thread, Deno 2.9 throws bytes after a frame where nothing can catch it.
  { name: "zstd", unpack: unpackZstd },
  { name: "lz4", unpack: inSteps(lz4Steps) },
];

/** Pages up to this size are unpacked at once. */
const AT_ONCE_BYTES = 1024 * 1024;

interface Limit {
  maxOutputLength: number;
  chunkSize: number;
}

type Done = (error: Error | null, bytes: Uint8Array) => void;

/** @param later takes another thread; absent in browsers */
function byRuntime(
  atOnce: (packed: Uint8Array, limit: Limit) => Uint8Array,
  later?: (packed: Uint8Array, limit: Limit, done: Done) => void,
): Unpack {
  return (packed, size) => {
    const limit = { maxOutputLength: Math.max(size, 1), chunkSize: 256 * 1024 };
    if (size <= AT_ONCE_BYTES || later === undefined) return atOnce(packed, limit);
    return new Promise((resolve, reject) =>
      later(packed, limit, (error, bytes) => error === null ? resolve(bytes) : reject(error))
    );
  };
}

type Steps = (packed: Uint8Array, out: Uint8Array) => Generator<void, number>;

function inSteps(unpack: Steps): Unpack {
  return async (packed, size, turn) => {
    const out = new Uint8Array(size);
    const steps = unpack(packed, out);
    for (let step = steps.next();; step = steps.next()) {
      if (step.done) return out.subarray(0, step.value);
      await turn();
    }
  };
}

/** Copies of a step, which take less than a millisecond. */
const STEP = 4096;

function* snappySteps(packed: Uint8Array, out: Uint8Array): Generator<void, number> {
  let from = 0;
  let to = 0;
  const byte = () => {
    if (from >= packed.byteLength) throw new Damage("data is truncated");
    return packed[from++]!;
  };
  const number = (bytes: number) => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += byte() * 2 ** (8 * i);
    return value;
  };
  while (byte() >= 0x80); // the size, which the page header has too
  for (let count = 1; from < packed.byteLength; count++) {
    if (count % STEP === 0) yield;
    const tag = byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >> 2;
      const length = (short < 60 ? short : number(short - 59)) + 1;
      to = copyIn(packed, from, { out, to, length });
      from += length;
    } else if (kind === 1) to = copyBack(out, to, (tag >> 5) * 256 + byte(), (tag >> 2 & 7) + 4);
    else to = copyBack(out, to, number(kind === 2 ? 2 : 4), (tag >> 2) + 1);
  }
  return to;
}
