/**
 * Blosc, version 1 of its chunks (https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst).
 *
 * @module
 */
import { unsupportedZarr } from "../errors.ts";

/** How Blosc packs. */
export interface BloscOptions {
  /** What packs each block. */
  cname: "lz4" | "lz4hc" | "blosclz" | "zlib" | "zstd";
  /** How hard it tries, 0 (not at all) to 9. */
  clevel: number;
  /** What is done to a block first: nothing, its bytes by their place in the element, or its bits. */
  shuffle: "noshuffle" | "shuffle" | "bitshuffle";
  /** Bytes of an element. */
  typesize: number;
  /** Bytes of a block; 0: as it sees fit. */
  blocksize: number;
}

/** The packed bytes. */
export function encodeBlosc(_bytes: Uint8Array, _options: BloscOptions): Uint8Array {
  throw unsupportedZarr("", "Blosc is not written yet");
}

/** What was packed; more than `maxBytes` is refused. */
export function decodeBlosc(key: string, _stored: Uint8Array, _maxBytes: number): Uint8Array {
  throw unsupportedZarr(key, "Blosc is not read yet");
}
