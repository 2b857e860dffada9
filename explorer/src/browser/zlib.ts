// Stand-in for `node:zlib` in browsers: the functions that `formats/` calls to read, on this
// thread. Outputs are limited while they are unpacked, as in Node.
import { unpackDeflate } from "./deflate.ts";
import { unpackZstd } from "./zstd.ts";

interface Limit {
  maxOutputLength?: number;
}

type Done = (error: unknown, bytes?: Uint8Array) => void;

/** Calls back as the asynchronous functions of Node do. */
function later(unpack: (bytes: Uint8Array, limit: Limit) => Uint8Array) {
  return (bytes: Uint8Array, limit: Limit, done: Done) => {
    try {
      done(null, unpack(bytes, limit));
    } catch (error) {
      done(error);
    }
  };
}

export function gunzipSync(bytes: Uint8Array, { maxOutputLength = Infinity }: Limit = {}) {
  return unpackDeflate("gzip", bytes, maxOutputLength);
}

export function inflateSync(bytes: Uint8Array, { maxOutputLength = Infinity }: Limit = {}) {
  return unpackDeflate("zlib", bytes, maxOutputLength);
}

export function zstdDecompressSync(bytes: Uint8Array, { maxOutputLength = Infinity }: Limit = {}) {
  return unpackZstd(bytes, maxOutputLength);
}

export function brotliDecompressSync(): never {
  throw new Error("browsers cannot unpack Brotli; download the file");
}

let table: Uint32Array | undefined;

/** CRC-32 of ISO 3309. */
export function crc32(bytes: Uint8Array, start = 0): number {
  table ??= Uint32Array.from({ length: 256 }, (_, value) => {
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ 0xedb88320 : value >>> 1;
    return value;
  });
  let sum = ~start;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff]! ^ sum >>> 8;
  return ~sum >>> 0;
}

/** Pages only read. */
function noWriting(): never {
  throw new Error("the explorer does not write files");
}

export const gzipSync = noWriting;
export const deflateSync = noWriting;
export const deflateRawSync = noWriting;
export const createInflate = noWriting;
export const createInflateRaw = noWriting;
export const createDeflateRaw = noWriting;
export const createGunzip = noWriting;
export const createGzip = noWriting;

/** The default export of `node:zlib`. */
const zlib = {
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
  brotliDecompressSync,
  gunzip: later(gunzipSync),
  inflate: later(inflateSync),
  zstdDecompress: later(zstdDecompressSync),
  constants: {},
};

// deno-lint-ignore holdfast/no-default-export -- as Node does
export default zlib;
