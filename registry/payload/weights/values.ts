// Files that are stored by values: what differs from an earlier file. This is loaded when such a file is
// saved or read.
import type { FileRange } from "../../../core/bytes/content_chunks.ts";
import { type RegistryError, unsupported } from "../../../core/errors.ts";
import type { Part, StoredBase, StoredFile } from "../../../core/record.ts";
import { shown } from "../../../core/naming/names.ts";
import { sizeOfParts } from "../../cell/objects.ts";
import { MAX_CHAIN } from "../../format/record_shape.ts";
import { writesZstd } from "../encoding.ts";
import { type FileBytes, gather, passEach } from "../file_bytes.ts";
import {
  DecodeError,
  openBase,
  openValues,
  type Stored,
  type Values,
  Work,
} from "./encode_values.ts";
import { readsZstd } from "./planes.ts";

/** The most bytes that reading a file may take, as a multiple of its size. */
export const MOST_READ = 1.5;
/** Longest list of groups that is written or read, bytes. */
export const MAX_GROUP_LIST_BYTES: number = 16 * 1024 * 1024;

type Span = { offset: number; length: number };

/** Throws `Unsupported` without Zstandard. */
export function checkZstd(action: "save" | "read", path: string): void {
  if (action === "save" ? writesZstd() : readsZstd) return;
  const does = action === "save" ? "write" : "read";
  const state = `it is stored by values, and this runtime does not ${does} Zstandard`;
  throw unsupported(`${action} file`, shown(path), state, {
    hint: "Run Deno, Bun, or Node 22.15 or later.",
  });
}

/** The work of the files that others are made from: it is that of the file that is read. */
const works = new WeakMap<StoredFile, Work>();

/** How the stored bytes of a file are read. */
export interface StoredReads {
  open(file: StoredFile, range?: FileRange): FileBytes;
  /** Reads a list; undefined if it is damaged. */
  list(part: Part & { sha256: string }): Promise<Uint8Array | undefined>;
  /** Says that the parts of a file are among those of this one. */
  placed(file: StoredFile): void;
  damaged(state: string, cause?: unknown): RegistryError;
}

/** Opens a file that is stored by values. Throws `Corrupt` if its list of groups is damaged. */
export async function openStored(file: StoredFile, reads: StoredReads): Promise<Values> {
  const shared = works.get(file), work = shared ?? new Work();
  const stored = await storedOf(file, reads, work);
  return bounded(stored && openValues(stored), reads, shared === undefined ? work : undefined);
}

/**
 * Opens the base of a file that is stored by values, by the bytes of that file. Throws `Corrupt` if
 * its list of groups is damaged.
 */
export async function openBaseBy(
  file: StoredFile,
  reads: StoredReads,
  plain: Values,
): Promise<Values> {
  const work = new Work(), stored = await storedOf(file, reads, work);
  const read = ({ offset, length }: Span) =>
    gather(length, passEach(() => plain.range({ from: offset, to: offset + length })));
  work.allow(file.size);
  return bounded(stored && openBase(stored as Required<Stored>, read), reads);
}

/** Returns the places of the bytes of a file; undefined if its list is damaged. */
async function storedOf(
  file: StoredFile,
  reads: StoredReads,
  work: Work,
): Promise<Stored | undefined> {
  const { values, parts = [], path } = file, { groups, base } = values!;
  checkZstd("read", path);
  const list = groups.size <= MAX_GROUP_LIST_BYTES ? await reads.list(groups) : undefined;
  const size = sizeOfParts(parts);
  const planes: StoredFile = { path, size, sha256: "", parts };
  const before: StoredFile | undefined = base && { path, ...base };
  for (const some of [planes, ...before ? [before] : []]) reads.placed(some);
  if (before) works.set(before, work);
  return list && {
    work,
    list,
    sizes: { size: file.size, stored: size, base: base?.size ?? 0 },
    stored: (span) => reads.open(planes, asRange(span)).bytes(),
    ...(before && { base: (span) => reads.open(before, asRange(span)).bytes() }),
  };
}

/**
 * Returns a file whose errors are those of a registry.
 *
 * @param work what it may decode, unless it is opened for another file
 */
function bounded(opened: Values | undefined, reads: StoredReads, work?: Work): Values {
  if (opened === undefined) throw reads.damaged("its list of groups is damaged");
  return {
    async *range(range) {
      work?.allow(range.to - range.from);
      try {
        yield* opened.range(range);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error; // of the store, or an abort
        throw reads.damaged("its values cannot be decoded", error);
      }
    },
  };
}

function asRange({ offset, length }: Span): FileRange {
  return { from: offset, to: offset + length };
}

/** A file that others can be made from. */
interface BaseChoice {
  file: StoredBase;
  /** Bytes that reading it takes. */
  bytes: number;
  /** Number of files of its chain that are stored by values. */
  depth: number;
}

/**
 * Chooses the base of a file of `size` bytes: of the latest file and those that it is made from, the
 * one that makes chains short. Step _n_ has step _n_ without its lowest bit of 1 as base, as in a
 * Fenwick tree (https://doi.org/10.1002/spe.4380240306): so its chain has as many files as _n_ bits.
 */
export function chooseBase(latest: StoredBase, size: number): BaseChoice | undefined {
  const choices = basesOf(latest);
  let skipped = 0;
  for (let step = latest.values?.step ?? 0; step % 2 === 1; step = (step - 1) / 2) skipped++;
  return choices.slice(Math.min(skipped, choices.length - 1)).find(suits(MOST_READ * size));
}

function suits(most: number): (choice: BaseChoice) => boolean {
  return ({ bytes, depth }) => depth < MAX_CHAIN && bytes < most;
}

/** Finds a base in the chain of another file, as that stores it, if reading it takes less than `most`. */
export function findBase(
  { size, sha256 }: StoredBase,
  latest: StoredBase | undefined,
  most: number,
): StoredBase | undefined {
  const same = (latest ? basesOf(latest) : []).filter(suits(most))
    .find(({ file }) => file.size === size && file.sha256 === sha256);
  return same?.file;
}

/** Returns a file and those that it is made from. */
function basesOf(base: StoredBase): BaseChoice[] {
  const before = base.values?.base, earlier = before ? basesOf(before) : [];
  const own = sizeOfParts(base.parts) + (base.values?.groups.size ?? 0);
  const bytes = own + (earlier[0]?.bytes ?? 0),
    depth = base.values ? 1 + (earlier[0]?.depth ?? 0) : 0;
  return [{ file: base, bytes, depth }, ...earlier];
}
