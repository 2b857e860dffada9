/**
 * LZ4 blocks (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md), and the blocks of BloscLZ, which are older
 * relatives.
 *
 * @module
 */

import { corruptZarr } from "../errors.ts";

/** A block ends with so many bytes that are no match. */
const LAST_LITERALS = 5;
/** No match begins later than so many bytes before the end. */
const MATCH_LIMIT = 12;
const LEAST_MATCH = 4;
const FARTHEST = 65_535;
const HASH_BITS = 14;

/** What a block of the chunk with this key holds: exactly `size` bytes, or `Corrupt`. */
export function decodeLz4(key: string, block: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let from = 0, to = 0;

  /** A length of 15 goes on in bytes, as long as they are 255. */
  function longLength(length: number): number {
    if (length < 15) return length;
    for (;;) {
      if (from >= block.length) throw damaged(key);
      const more = block[from++];
      length += more;
      if (more < 255) return length;
    }
  }

  while (from < block.length) {
    const token = block[from++];
    const literals = longLength(token >> 4);
    if (from + literals > block.length || to + literals > size) throw damaged(key);
    copyForward(block, from, { out, to, length: literals });
    from += literals;
    to += literals;
    if (from === block.length) break;
    if (from + 2 > block.length) throw damaged(key);
    const distance = block[from] | block[from + 1] << 8;
    from += 2;
    const length = longLength(token & 15) + LEAST_MATCH;
    if (distance === 0 || distance > to || to + length > size) throw damaged(key);
    copyForward(out, to - distance, { out, to, length });
    to += length;
  }
  if (to !== size) throw damaged(key);
  return out;
}

/** The same of a block of BloscLZ (https://github.com/Blosc/c-blosc, `blosclz.c`). */
export function decodeBloscLz(key: string, block: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let from = 0, to = 0;
  const next = () => {
    if (from >= block.length) throw damaged(key);
    return block[from++];
  };
  let control = next() & 31;
  for (;;) {
    if (control < 32) {
      const length = control + 1;
      if (from + length > block.length || to + length > size) throw damaged(key);
      copyForward(block, from, { out, to, length });
      from += length;
      to += length;
    } else {
      let length = (control >> 5) + 2;
      if (length === 9) {
        let more;
        do length += more = next(); while (more === 255);
      }
      const high = control & 31;
      const low = next();
      const isFar = low === 255 && high === 31;
      const distance = isFar ? (next() << 8 | next()) + 8192 : (high << 8) + low + 1;
      if (distance > to || to + length > size) throw damaged(key);
      copyForward(out, to - distance, { out, to, length });
      to += length;
    }
    if (from >= block.length) break;
    control = block[from++];
  }
  if (to !== size) throw damaged(key);
  return out;
}

/** Byte by byte, as a match may reach into what it makes. */
function copyForward(
  source: Uint8Array,
  from: number,
  { out, to, length }: { out: Uint8Array; to: number; length: number },
): void {
  const isApart = source !== out || from + length <= to;
  if (length > 32 && isApart) return void out.set(source.subarray(from, from + length), to);
  for (let i = 0; i < length; i++) out[to + i] = source[from + i];
}

function damaged(key: string): Error {
  return corruptZarr(key, "a block of its Blosc data is damaged");
}

/** A block of these bytes, or undefined where it would have more than `most`. */
export function encodeLz4(bytes: Uint8Array, most: number): Uint8Array | undefined {
  const out = new Uint8Array(most);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = new Int32Array(1 << HASH_BITS).fill(-1);
  const hashAt = (at: number) => Math.imul(view.getUint32(at, true), 0x9e3779b1) >>> (32 - HASH_BITS);
  let to = 0, anchor = 0, misses = 0;

  /** Literals since the last match, and a match; without one at the end. False where there is no room. */
  function put(end: number, match?: { distance: number; length: number }): boolean {
    const literals = end - anchor;
    const extra = match === undefined ? 0 : match.length - LEAST_MATCH;
    if (to + literals + literals / 255 + extra / 255 + 5 > most) return false;
    out[to++] = Math.min(literals, 15) << 4 | Math.min(extra, 15);
    putLength(literals);
    out.set(bytes.subarray(anchor, end), to);
    to += literals;
    if (match === undefined) return true;
    out[to++] = match.distance & 255;
    out[to++] = match.distance >> 8;
    putLength(extra);
    return true;
  }

  function putLength(length: number): void {
    if (length < 15) return;
    let rest = length - 15;
    for (; rest >= 255; rest -= 255) out[to++] = 255;
    out[to++] = rest;
  }

  const lastStart = bytes.length - MATCH_LIMIT;
  for (let at = 0; at <= lastStart;) {
    const hash = hashAt(at);
    const before = places[hash];
    places[hash] = at;
    const isMatch = before >= 0 && at - before <= FARTHEST && view.getUint32(before, true) === view.getUint32(at, true);
    if (!isMatch) {
      at += 1 + (misses++ >> 6); // what does not repeat is gone through faster and faster
      continue;
    }
    let length = LEAST_MATCH;
    const longest = bytes.length - LAST_LITERALS - at;
    while (length < longest && bytes[before + length] === bytes[at + length]) length++;
    if (!put(at, { distance: at - before, length })) return undefined;
    at += length;
    anchor = at;
    misses = 0;
  }
  return put(bytes.length) ? out.subarray(0, to) : undefined;
}
