// Encodes and decodes the values of weights: what differs from those of an earlier version, byte plane
// by byte plane. FORMAT.md (3.5) describes the stored bytes. Loaded when a file is saved, or was stored,
// so.
import { concatBytes, sameBytes } from "../../../core/bytes/bytes.ts";
import { createSha256 } from "../../../core/bytes/digest.ts";
import { keepNewest } from "../../../core/work/keep_newest.ts";
import {
  encodeGroups,
  type Group,
  GroupList,
  type GroupSizes,
  listBytes,
  type PlacedGroup,
  storedBytes,
  type StoredGroup,
} from "./groups.ts";
import { groupsOf, type Known } from "./pairs.ts";
import { decodePlanes, encodePlanes } from "./planes.ts";
import { keepsPlaces, type Readable, tensorsOf } from "./tensors.ts";

/** Groups all over a file that show what it would need. */
const SAMPLES = 12;
/** A file that keeps more than this share of its bytes is not stored so. */
const WORTH = 0.85;

/** No file without a base keeps less than this share. */
const ALONE = 0.4;

const MIB = 1024 * 1024;

/** An earlier file. */
export interface Candidate extends Readable {
  /** The most that the file may need, as a share of its size. */
  most: number;
}

/** How a file is stored. */
export interface Plan {
  groups: Group[];
  /** Size of their encoded list. */
  listBytes: number;
  /** True if it needs the base. */
  hasBase: boolean;
}

/**
 * Chooses the groups of a file, and whether it needs a base. Returns undefined if it has no values, or
 * would keep more than 85 % of its bytes.
 */
export async function planValues(file: Readable, base?: Candidate): Promise<Plan | undefined> {
  const known = await withTensors(file), isPlain = known.tensors === undefined;
  if (isPlain && !(base && keepsPlaces(file.path))) return undefined;
  const other = base && await withTensors(base);
  let best: Plan | undefined, least = Math.min(WORTH, base?.most ?? WORTH);
  for (const width of base === undefined ? [] : isPlain ? [1, 2, 4] : [1]) {
    const groups = groupsOf(known, other, width);
    if (groups.every(({ base }) => base === undefined) || !isCheap(groups, file.size)) break;
    const share = await sampledShare(file, groups, base);
    if (share < least) [best, least] = [planOf(groups, true), share];
  }
  if (isPlain || (best && least < ALONE)) return best;
  const groups = groupsOf(known);
  if (!isCheap(groups, file.size)) return best;
  const share = await sampledShare(file, groups);
  return share < (best ? least : WORTH) ? planOf(groups, false) : best;
}

/**
 * True if decoding stays far below the bound of {@linkcode Work}, in a chain of any such files: each
 * place that does not follow the one before costs up to two more groups of each earlier file.
 */
function isCheap(groups: readonly Group[], size: number): boolean {
  let jumps = 0, next: number | undefined;
  for (const { base, length } of groups) {
    if (base === undefined) continue;
    if (base !== next) jumps++;
    next = base + length;
  }
  return jumps <= 8 + size / (8 * MIB) && groups.length <= 65_536 + size / 65_536;
}

function planOf(groups: Group[], hasBase: boolean): Plan {
  return { groups, listBytes: listBytes(groups), hasBase };
}

async function withTensors(file: Readable): Promise<Known> {
  return { file, tensors: await tensorsOf(file) };
}

/** Encodes some groups. Returns which share of their bytes they keep. */
async function sampledShare(
  file: Readable,
  groups: readonly Group[],
  base?: Readable,
): Promise<number> {
  const step = Math.max(1, Math.floor(groups.length / SAMPLES));
  let from = 0, bytes = 0, kept = 0;
  for (const [i, group] of groups.entries()) {
    const { length } = group, offset = from;
    from += length;
    if (i % step !== step >> 1) continue;
    const plain = await file.read({ offset, length });
    const other = group.base === undefined
      ? undefined
      : await base!.read({ offset: group.base, length });
    bytes += length;
    kept += encodePlanes(group, plain, other).reduce((sum, plane) => sum + plane.length, 0);
  }
  return kept / bytes;
}

/** Plain bytes in the order of a file, and what its base has. */
export interface PlainFile extends Pick<Plan, "groups"> {
  chunks: AsyncIterable<Uint8Array>;
  base?: Readable;
}

/**
 * Encodes a file. Yields the stored bytes of its groups; each group is decoded and compared before.
 * Returns the encoded list of groups.
 *
 * @throws if the file does not have the bytes of its groups, or a group is not decoded as it was
 */
export async function* encodeValues(
  { groups, chunks, base }: PlainFile,
): AsyncGenerator<Uint8Array, Uint8Array> {
  const encoded: StoredGroup[] = [];
  const of = (group: Group | undefined) =>
    group?.base === undefined
      ? undefined
      : base!.read({ offset: group.base, length: group.length });
  let next = of(groups[0]);
  next?.catch(() => {}); // it is awaited below, unless the chunks fail before
  let at = 0;
  for await (const plain of inGroups(chunks, groups)) {
    const group = groups[at++]!, other = await next;
    next = of(groups[at]); // while this one is encoded
    next?.catch(() => {});
    const planes = encodePlanes(group, plain, other);
    const sizes = planes.map(({ length }) => length), stored = concatBytes(planes);
    const placed = { ...group, planes: sizes, digest: digestOf(stored) };
    if (!sameBytes(decodePlanes(placed, stored, other), plain)) {
      // deno-lint-ignore holdfast/registry-errors -- a fault of this program
      throw new Error("values are not decoded as they were");
    }
    encoded.push(placed);
    if (stored.length > 0) yield stored;
  }
  return encodeGroups(encoded);
}

/** Cuts chunks at the ends of groups. */
async function* inGroups(
  chunks: AsyncIterable<Uint8Array>,
  groups: readonly Group[],
): AsyncGenerator<Uint8Array> {
  let index = 0, filled = 0, group = new Uint8Array(groups[0]?.length ?? 0);
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const some = chunk.subarray(at, at + group.length - filled);
      if (some.length === 0) throw otherSize();
      group.set(some, filled);
      filled += some.length;
      at += some.length;
      if (filled < group.length) continue;
      yield group;
      group = new Uint8Array(groups[++index]?.length ?? 0);
      filled = 0;
    }
  }
  if (index < groups.length) throw otherSize();
}

function otherSize(): Error {
  // deno-lint-ignore holdfast/registry-errors -- the caller finds that the file changed
  return new Error("its size changed");
}

/** Stored values are damaged, or too many to decode: callers make it `Corrupt`. */
export class DecodeError extends Error {}

/** Bytes that may be decoded for each read, for each byte of it, and count for each group at least. */
const FREE_BYTES = 1024 * MIB, PER_BYTE = 32, LEAST_BYTES = 1024;

/** Bounds what reads of a chain of files decode: a hostile list could ask for any number of bytes. */
export class Work {
  #left = 0;

  /** Begins a read of so many bytes. */
  allow(bytes: number): void {
    this.#left += FREE_BYTES + PER_BYTE * bytes;
  }

  spend(bytes: number): void {
    this.#left -= Math.max(bytes, LEAST_BYTES);
    if (this.#left < 0) {
      // deno-lint-ignore holdfast/registry-errors -- callers make it `Corrupt`
      throw new DecodeError("they decode to more than 1 GiB and 32 times what is read");
    }
  }
}

/** The places of the bytes of an encoded file. */
export interface Stored {
  /** Shared by the files of a chain. */
  work: Work;
  /** The encoded list of groups. */
  list: Uint8Array;
  sizes: GroupSizes;
  /** Reads a range of the stored bytes. */
  stored(range: { offset: number; length: number }): Promise<Uint8Array>;
  /** Reads a range of the plain bytes of the base. */
  base?(range: { offset: number; length: number }): Promise<Uint8Array>;
}

/** A file that is decoded as it is read. */
export interface Values {
  /** Yields the plain bytes of a range; each chunk is valid until the next one. */
  range(range: { from: number; to: number }): AsyncIterable<Uint8Array>;
}

/** Groups that are kept decoded: those of a later version may begin between two of them. */
const KEPT = 2;

/** Opens a file; undefined if its list of groups is damaged. */
export function openValues({ work, list, sizes, stored, base }: Stored): Values | undefined {
  const groups = GroupList.decode(list, sizes);
  if (groups === undefined) return undefined;
  const decoded = decoder(
    groups,
    { work, stored },
    ({ base: offset, length }) => offset === undefined ? undefined : base!({ offset, length }),
  );
  return {
    async *range({ from, to }) {
      for (let i = groups.find(from), at = from; i < groups.count && at < to; i++) {
        const { from: start } = groups.at(i), bytes = await decoded(i), end = start + bytes.length;
        yield bytes.subarray(Math.max(0, from - start), Math.min(bytes.length, to - start));
        at = end;
      }
    },
  };
}

/**
 * Opens the base of a file by the bytes of the file: what differs from them is the same. Bytes that
 * the file lacks come from `base`. Returns undefined if the list of groups is damaged.
 */
export function openBase(
  { work, list, sizes, stored, base }: Required<Stored>,
  file: NonNullable<Stored["base"]>,
): Values | undefined {
  const groups = GroupList.decode(list, sizes);
  if (groups === undefined) return undefined;
  const decoded = decoder(
    groups,
    { work, stored },
    ({ from: offset, length }) => file({ offset, length }),
  );
  const placed = Array.from({ length: groups.count }, (_, i) => ({ i, ...groups.at(i) }))
    .flatMap(({ i, base, length }) => base === undefined ? [] : [{ i, start: base, length }])
    .sort((a, b) => a.start - b.start);
  return {
    async *range({ from, to }) {
      let next = 0;
      for (let at = from; at < to;) {
        while (next < placed.length && placed[next]!.start + placed[next]!.length <= at) next++;
        const { i = 0, start = to } = placed[next] ?? {};
        if (start > at) {
          const offset = at;
          at = Math.min(start, to);
          yield await base({ offset, length: at - offset });
          continue;
        }
        const bytes = (await decoded(i)).subarray(at - start, to - start);
        yield bytes;
        at += bytes.length;
      }
    },
  };
}

/** Returns what reads and decodes a group, by its number. Keeps the last ones. */
function decoder(
  groups: GroupList,
  { work, stored }: Pick<Stored, "work" | "stored">,
  otherOf: (group: PlacedGroup) => Promise<Uint8Array> | undefined,
): (index: number) => Promise<Uint8Array> {
  const kept = new Map<number, Promise<Uint8Array>>();
  const read = async (group: PlacedGroup): Promise<Uint8Array> => {
    const { length } = group, size = storedBytes(group);
    work.spend(length);
    const [planes, other] = await Promise.all([
      size === 0 ? new Uint8Array() : stored({ offset: group.at, length: size }),
      otherOf(group),
    ]);
    if (!sameBytes(digestOf(planes), group.digest)) {
      // deno-lint-ignore holdfast/registry-errors -- callers make it `Corrupt`
      throw new DecodeError(`SHA-256 of the values at ${group.from} does not match`);
    }
    try {
      return decodePlanes(group, planes, other);
    } catch (cause) {
      // deno-lint-ignore holdfast/registry-errors -- callers make it `Corrupt`
      throw new DecodeError("a plane is damaged", { cause });
    }
  };
  return (index) => {
    const bytes = kept.get(index) ?? read(groups.at(index));
    kept.delete(index);
    kept.set(index, bytes);
    bytes.catch(() => kept.delete(index)); // the next reader tries again
    keepNewest(kept, KEPT);
    return bytes;
  };
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createSha256().update(bytes).bytes();
}
