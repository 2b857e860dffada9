// The list of the groups of a file that is stored by values: FORMAT.md (3.5) describes its bytes.

/** Bytes of a group that is written, at most. */
export const GROUP_BYTES: number = 1024 * 1024;
/** Bytes of a group that is read, at most. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
/** Sizes of an element in bytes, which are also the numbers of planes. */
const WIDTHS: readonly number[] = [1, 2, 4, 8];

/** Adjacent bytes of a file, stored together. */
export interface Group {
  /** Plain bytes. */
  length: number;
  /** Bytes of an element, and number of planes: 1, 2, 4 or 8. */
  width: number;
  /** Offset of as many bytes in the base; undefined without a base. */
  base?: number;
}

/** A group with what is stored of it. */
export interface StoredGroup extends Group {
  /** Stored bytes of each plane: 0 for one of zeros; its length if it is not compressed. */
  planes: number[];
  /** SHA-256 of its stored bytes. */
  digest: Uint8Array;
}

/** A stored group, with its place in the file and in the stored bytes. */
export interface PlacedGroup extends StoredGroup {
  /** Offset in the file. */
  from: number;
  /** Offset in the stored bytes. */
  at: number;
}

/** Length, width, flags, and place in the base. */
const DIGEST_AT = 16, PLANES_AT = 48;
const HAS_BASE = 1;

/** Returns the bytes of a plane: each `width`th byte of a group, from `plane` on. */
export function lengthOfPlane({ length, width }: Group, plane: number): number {
  return Math.max(0, Math.ceil((length - plane) / width));
}

/** Returns the stored bytes of a group. */
export function storedBytes({ planes }: Pick<StoredGroup, "planes">): number {
  return planes.reduce((sum, size) => sum + size, 0);
}

/** Returns the size of the encoded list. */
export function listBytes(groups: readonly Group[]): number {
  return groups.reduce((sum, { width }) => sum + PLANES_AT + 4 * width, 0);
}

/** Encodes groups in the order of the file. */
export function encodeGroups(groups: readonly StoredGroup[]): Uint8Array {
  const bytes = new Uint8Array(listBytes(groups)), view = new DataView(bytes.buffer);
  let at = 0;
  for (const { length, width, base, planes, digest } of groups) {
    view.setUint32(at, length, true);
    view.setUint8(at + 4, width);
    view.setUint8(at + 5, base === undefined ? 0 : HAS_BASE);
    view.setBigUint64(at + 8, BigInt(base ?? 0), true);
    bytes.set(digest, at + DIGEST_AT);
    planes.forEach((size, plane) => view.setUint32(at + PLANES_AT + 4 * plane, size, true));
    at += PLANES_AT + 4 * width;
  }
  return bytes;
}

/** The sizes that a list must fit. */
export interface GroupSizes {
  /** Plain bytes of the file. */
  size: number;
  /** Stored bytes of all planes. */
  stored: number;
  /** Plain bytes of the base; 0 without one. */
  base: number;
}

/** A decoded list: the places of groups, which are decoded when they are read. */
export class GroupList {
  readonly #view: DataView;
  /** Of each group: its offset in the file, in the stored bytes, and in the list. */
  readonly #places: Float64Array;
  readonly count: number;

  private constructor(view: DataView, places: Float64Array) {
    this.#view = view;
    this.#places = places;
    this.count = places.length / 3;
  }

  /** Returns undefined for a list that is not one of a file with these sizes. */
  static decode(bytes: Uint8Array, sizes: GroupSizes): GroupList | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const places = new Float64Array(3 * Math.floor(bytes.byteLength / (PLANES_AT + 4)));
    let count = 0, read = 0, from = 0, at = 0;
    while (read < bytes.byteLength) {
      const group = decodeGroup(view, read);
      if (group === undefined) return undefined;
      if (group.base !== undefined && group.base + group.length > sizes.base) return undefined;
      places.set([from, at, read], 3 * count++);
      read += PLANES_AT + 4 * group.width;
      from += group.length;
      at += storedBytes(group);
    }
    if (from !== sizes.size || at !== sizes.stored) return undefined;
    return new GroupList(view, places.subarray(0, 3 * count));
  }

  /** Returns a group by its number. */
  at(index: number): PlacedGroup {
    const [from = 0, at = 0, read = 0] = this.#places.subarray(3 * index, 3 * index + 3);
    return { ...decodeGroup(this.#view, read)!, from, at };
  }

  /** Returns the number of the group that has the byte at an offset. */
  find(offset: number): number {
    let low = 0, high = this.count;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#places[3 * middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}

function decodeGroup(view: DataView, at: number): StoredGroup | undefined {
  if (at + PLANES_AT > view.byteLength) return undefined;
  const length = view.getUint32(at, true), width = view.getUint8(at + 4);
  const flags = view.getUint8(at + 5), base = Number(view.getBigUint64(at + 8, true));
  if (length === 0 || length > MAX_GROUP_BYTES || !WIDTHS.includes(width)) return undefined;
  if (flags > HAS_BASE || view.getUint16(at + 6, true) !== 0) return undefined;
  if (flags === 0 && base !== 0 || !Number.isSafeInteger(base)) return undefined;
  if (at + PLANES_AT + 4 * width > view.byteLength) return undefined;
  const planes = Array.from(
    { length: width },
    (_, plane) => view.getUint32(at + PLANES_AT + 4 * plane, true),
  );
  const digest = new Uint8Array(view.buffer, view.byteOffset + at + DIGEST_AT, 32);
  const group = { length, width, digest, ...(flags === HAS_BASE && { base }) };
  const fits = planes.every((size, plane) => size <= lengthOfPlane(group, plane));
  return fits ? { ...group, planes } : undefined;
}
