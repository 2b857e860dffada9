// Encodes and decodes the bytes of a group: XOR with the same place of a base, split into planes of
// the first, second … byte of each element, each plane as zeros, Zstandard (RFC 8878), or unchanged.
import type * as Zlib from "node:zlib";
import { builtinModule } from "../../../core/system.ts";
import { decodeBytes } from "../encoding.ts";
import { type Group, lengthOfPlane } from "./groups.ts";

const zlib = builtinModule<typeof Zlib>("node:zlib");

/** False if this runtime cannot expand Zstandard. */
export const readsZstd: boolean = zlib?.zstdDecompressSync !== undefined;

/** The fastest level: of XORed planes, higher ones save less than a hundredth more. */
const LEVEL = 1;
/** Bytes of a plane that show whether it is worth compressing, from its middle. */
const SAMPLE_BYTES = 8 * 1024;
/** Planes that keep more than this share stay as they are. */
const WORTH = 0.98;

/**
 * Encodes a group.
 *
 * @param bytes those of the group, `length` bytes
 * @param base those of the base at its place, or nothing
 * @returns its planes, in order; an empty one has only zeros
 */
export function encodePlanes(
  group: Group,
  bytes: Uint8Array,
  base: Uint8Array | undefined,
): Uint8Array[] {
  return Array.from({ length: group.width }, (_, plane) => {
    const split = new Uint8Array(lengthOfPlane(group, plane));
    return compressed(split, splitInto(split, bytes, base, group.width, plane));
  });
}

/** Writes every `width`th byte into a plane. Returns false if all of them are 0. */
function splitInto(
  plane: Uint8Array,
  bytes: Uint8Array,
  base: Uint8Array | undefined,
  width: number,
  at: number,
): boolean {
  let any = 0;
  if (base === undefined) {
    for (let i = 0, j = at; i < plane.length; i++, j += width) any |= plane[i] = bytes[j]!;
  } else {
    for (let i = 0, j = at; i < plane.length; i++, j += width) {
      any |= plane[i] = bytes[j]! ^ base[j]!;
    }
  }
  return any !== 0;
}

function compressed(plane: Uint8Array, hasBytes: boolean): Uint8Array {
  if (!hasBytes) return plane.subarray(0, 0);
  if (plane.length > 4 * SAMPLE_BYTES) {
    const from = (plane.length - SAMPLE_BYTES) >>> 1;
    const sample = plane.subarray(from, from + SAMPLE_BYTES);
    if (shrunk(sample).length > sample.length * WORTH) return plane;
  }
  const small = shrunk(plane);
  return small.length < plane.length * WORTH ? small : plane;
}

function shrunk(bytes: Uint8Array): Uint8Array {
  return zlib!.zstdCompressSync(bytes, {
    params: { [zlib!.constants.ZSTD_c_compressionLevel]: LEVEL },
  });
}

/**
 * Decodes a group.
 *
 * @param stored its planes, one after the other
 * @throws if a plane is damaged
 */
export function decodePlanes(
  group: Group & { planes: readonly number[] },
  stored: Uint8Array,
  base: Uint8Array | undefined,
): Uint8Array {
  const { length, width, planes } = group;
  const bytes = base === undefined ? new Uint8Array(length) : base.slice(0, length);
  let from = 0;
  planes.forEach((size, plane) => {
    const most = lengthOfPlane(group, plane), part = stored.subarray(from, from += size);
    if (size === 0) return;
    const expanded = size === most ? part : expand(part, most);
    for (let i = 0, j = plane; i < most; i++, j += width) bytes[j]! ^= expanded[i]!;
  });
  return bytes;
}

function expand(part: Uint8Array, length: number): Uint8Array {
  const plane = decodeBytes(part, "zstd", length);
  // deno-lint-ignore holdfast/registry-errors -- callers make it `Corrupt`
  if (plane.length !== length) throw new Error(`a plane has ${plane.length} bytes, not ${length}`);
  return plane;
}
