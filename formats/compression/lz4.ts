// LZ4 blocks (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md), packed, and unpacked to
// at most a known size.
import { viewOf } from "../arrays/view_bytes.ts";
export class Lz4Problem extends Error {}

/** Shorter copies are faster byte by byte than through a view. */
const SHORT = 32;
/** Literals at the end of a written block. */
const LAST_LITERALS = 5;
/** No match begins closer to the end, bytes. */
const MATCH_LIMIT = 12;
const LEAST_MATCH = 4;
const FARTHEST = 65_535;
const HASH_BITS = 14;

/** Unpacks a block, into at most `size` bytes. */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  return out.subarray(0, unpackBehind(packed, out, 0));
}

/** Unpacks a block behind earlier output, which it may repeat. Returns the end. */
export function unpackBehind(packed: Uint8Array, out: Uint8Array, begin: number): number {
  const steps = lz4Steps(packed, out, begin);
  for (let step = steps.next();; step = steps.next()) if (step.done) return step.value;
}

/** Sequences of a step, which take less than a millisecond. */
const STEP = 4096;

/** Unpacks a block in short steps. Returns the end. */
export function* lz4Steps(
  packed: Uint8Array,
  out: Uint8Array,
  begin: number = 0,
): Generator<void, number> {
  let from = 0;
  let to = begin;
  const byte = () => {
    if (from >= packed.byteLength) throw new Lz4Problem("data is truncated");
    return packed[from++]!;
  };
  const length = (short: number) => {
    let whole = short;
    if (short === 15) { for (let next = 255; next === 255;) whole += next = byte(); }
    return whole;
  };
  for (let count = 1; from < packed.byteLength; count++) {
    if (count % STEP === 0) yield;
    const token = byte();
    const literals = length(token >> 4);
    to = copyIn(packed, from, { out, to, length: literals });
    from += literals;
    if (from === packed.byteLength) break; // the last sequence has no match
    const offset = byte() + byte() * 256;
    to = copyBack(out, to, offset, length(token & 15) + LEAST_MATCH);
  }
  return to;
}

/** Copies literals. Returns the end. */
export function copyIn(
  packed: Uint8Array,
  from: number,
  { out, to, length }: { out: Uint8Array; to: number; length: number },
): number {
  if (length > packed.byteLength - from) throw new Lz4Problem("data is truncated");
  if (length > out.byteLength - to) throw new Lz4Problem("data exceeds its declared size");
  if (length > SHORT) out.set(packed.subarray(from, from + length), to);
  else for (let i = 0; i < length; i++) out[to + i] = packed[from + i]!;
  return to + length;
}

/** Repeats earlier output, which may overlap. Returns the end. */
export function copyBack(out: Uint8Array, to: number, offset: number, length: number): number {
  if (offset === 0 || offset > to || to + length > out.byteLength) {
    throw new Lz4Problem("a copy exceeds its bounds");
  }
  const start = to - offset, end = to + length;
  if (length <= SHORT) { for (let i = to; i < end; i++) out[i] = out[i - offset]!; }
  else {
    for (let at = to; at < end;) { // what is there can be copied again, twice as much each time
      const some = Math.min(at - start, end - at);
      out.copyWithin(at, start, start + some);
      at += some;
    }
  }
  return end;
}

/** Packs bytes as a block. Returns undefined if it would exceed `most` bytes. */
export function packLz4(bytes: Uint8Array, most: number): Uint8Array | undefined {
  const out = new Uint8Array(most);
  const view = viewOf(bytes);
  const places = new Int32Array(1 << HASH_BITS).fill(-1);
  const hashAt = (at: number) =>
    Math.imul(view.getUint32(at, true), 0x9e3779b1) >>> (32 - HASH_BITS);
  let to = 0, anchor = 0, misses = 0;

  /** Writes literals since the last match, and a match except at the end. False if out of space. */
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
    let remainder = length - 15;
    for (; remainder >= 255; remainder -= 255) out[to++] = 255;
    out[to++] = remainder;
  }

  const lastStart = bytes.length - MATCH_LIMIT;
  for (let at = 0; at <= lastStart;) {
    const hash = hashAt(at);
    const before = places[hash]!;
    places[hash] = at;
    const isMatch = before >= 0 && at - before <= FARTHEST &&
      view.getUint32(before, true) === view.getUint32(at, true);
    if (!isMatch) {
      at += 1 + (misses++ >> 6); // skips ahead faster in incompressible data
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
