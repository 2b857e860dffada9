// Reads the parts of a file. Adjacent parts of one object are read together, and each is verified
// as it passes.
import type { Backend, StoredObject } from "../../core/backend.ts";
import { createSha256, type Sha256 } from "../../core/bytes/digest.ts";
import { fault } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import type { Part, StoredFile } from "../../core/record.ts";

export interface PartRun extends Pick<Part, "offset" | "size"> {
  /** The parts, in order, all of one object. */
  parts: [Part, ...Part[]];
  start: number;
}

/** Joins the adjacent parts of a file. */
export function runsOf(parts: readonly Part[] = []): PartRun[] {
  const runs: PartRun[] = [];
  let start = 0;
  for (const part of parts) {
    const run = runs.at(-1);
    if (run !== undefined && follows(run, part)) {
      run.parts.push(part);
      run.size += part.size;
    } else {
      const { offset, size } = part;
      runs.push({ parts: [part], start, size, ...(offset === undefined ? {} : { offset }) });
    }
    start += part.size;
  }
  return runs;
}

function endOf({ start, size }: PartRun): number {
  return start + size;
}

function follows({ parts: [first], offset = 0, size }: PartRun, part: Part): boolean {
  return part.object === first.object && part.from === first.from &&
    (part.offset ?? 0) === offset + size;
}

export interface PlacedPart {
  part: Part;
  from: number;
  to: number;
}

/** A range of a file. */
export type Stretch = Omit<PlacedPart, "part">;

/** Returns the parts of a file that have bytes in a range of it, with their places. */
export function partsWithin(
  { parts = [] }: Pick<StoredFile, "parts">,
  { from, to }: Stretch,
): PlacedPart[] {
  const within: PlacedPart[] = [];
  let at = 0;
  for (const part of parts) {
    const end = at + part.size;
    if (end > from && at < to) within.push({ part, from: at, to: end });
    at = end;
  }
  return within;
}

/** A range of an object that is read at once, for one or more slices of a file. */
export interface PlannedRead {
  /** A part in the object. */
  part: Part;
  offset: number;
  size: number;
}

/** Bytes of a read, in the order of the file. */
export interface Slice {
  read: number;
  offset: number;
  size: number;
  /** No later slice needs the read. */
  last?: boolean;
}

/** Bytes between two runs of an object that are read too: fewer than a request costs. */
const GAP_BYTES = 512 * 1024;
const LEAST_READ_BYTES = 4096;

/**
 * Plans the reads for ranges of a file, which are in order: few, large, and ordered by their first
 * use. All objects together hold about `heldBytes` at a time.
 */
export function planReads(
  runs: readonly PartRun[],
  stretches: readonly Stretch[],
  { heldBytes, mostBytes }: { heldBytes: number; mostBytes: number },
): { reads: PlannedRead[]; slices: Slice[] } {
  const objectOf = ({ parts: [{ object, from }] }: PartRun) => `${from}/${object}`;
  const share = Math.floor(heldBytes / new Set(runs.map(objectOf)).size);
  const limit = Math.min(mostBytes, Math.max(share, LEAST_READ_BYTES));
  const reads: PlannedRead[] = [];
  const slices: Slice[] = [];
  const latest = new Map<string, number>(); // read by object
  let first = 0;
  for (const { from, to } of stretches) {
    while (first < runs.length && endOf(runs[first]!) <= from) first++;
    for (let i = first; i < runs.length && runs[i]!.start < to; i++) {
      const run = runs[i]!;
      const end = Math.min(to, endOf(run));
      for (let at = Math.max(from, run.start); at < end;) {
        at += take(run, (run.offset ?? 0) + at - run.start, end - at);
      }
    }
  }
  const seen = new Set<number>();
  for (const slice of slices.toReversed()) {
    slice.last = !seen.has(slice.read);
    seen.add(slice.read);
  }
  return { reads, slices };

  /** Adds a slice of up to `size` bytes, and returns its size. */
  function take(run: PartRun, offset: number, size: number): number {
    const id = objectOf(run);
    let index = latest.get(id);
    let read = index === undefined ? undefined : reads[index]!;
    if (
      index === undefined || read === undefined || offset < read.offset ||
      offset > read.offset + read.size + GAP_BYTES || offset >= read.offset + limit
    ) {
      read = { part: run.parts[0], offset, size: 0 };
      latest.set(id, index = reads.push(read) - 1);
    }
    const start = offset - read.offset;
    const taken = Math.min(size, limit - start);
    read.size = Math.max(read.size, start + taken);
    slices.push({ read: index, offset: start, size: taken });
    return taken;
  }
}

/** Parts are joined up to this size. */
const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * Divides a file in one object into ranges of whole parts that can be verified alone. Empty if
 * `verified` and a part has no digest, and for files in several objects, which are read ahead.
 */
export function piecesOf(
  parts: readonly Part[],
  verified: boolean,
): { offset: number; length: number }[] {
  if (verified && parts.some(({ sha256 }) => sha256 === undefined)) return [];
  if (runsOf(parts).length > 1) return [];
  const pieces: { offset: number; length: number }[] = [];
  let offset = 0;
  for (const { size } of parts) {
    const last = pieces.at(-1);
    if (last !== undefined && last.length + size <= PIECE_BYTES) last.length += size;
    else pieces.push({ offset, length: size });
    offset += size;
  }
  return pieces;
}

export interface PartsToCheck {
  /** In order. Bytes between them are not verified. */
  parts: readonly (PlacedPart & { digest: string })[];
  from: number;
  /** Throws the error of a part that does not match its digest. */
  fail(part: Part): never;
}

/** Returns a function that takes the bytes of a file in order and verifies each part at its end. */
export function createPartCheck({ parts, from, fail }: PartsToCheck): (chunk: Uint8Array) => void {
  let at = from, next = 0;
  let hash: Sha256 | undefined;
  return (chunk) => {
    const start = at;
    at += chunk.byteLength;
    for (let part = parts[next]; part !== undefined && part.from < at; part = parts[++next]) {
      hash ??= createSha256();
      hash.update(chunk.subarray(Math.max(part.from - start, 0), Math.min(part.to, at) - start));
      if (part.to > at) return;
      if (hash.digest() !== part.digest) fail(part.part);
      hash = undefined;
    }
  };
}

interface PartSpan {
  /** Offset in the part. @default 0 */
  offset?: number;
  /** Bytes. @default up to the end of the part */
  length?: number;
  /** Same as the option of `get`. */
  passing?: boolean;
  signal?: AbortSignal;
}

/**
 * Gets the requested bytes of a part; undefined if its object does not exist. Throws `Corrupt` if
 * the object is shorter than the record says, before anything is read into memory.
 */
export async function getPart(
  backend: Backend,
  key: string,
  part: Pick<Part, "offset" | "size">,
  { offset: from = 0, length = part.size - from, passing, signal }: PartSpan = {},
): Promise<StoredObject | undefined> {
  const { offset = 0, size } = part;
  const whole = part.offset === undefined && from === 0 && length === size;
  const range = whole && !passing ? {} : { range: { offset: offset + from, length } };
  const object = await backend.get(key, { ...range, passing, signal });
  if (object === undefined) return undefined;
  const stored = object.info.size;
  if (whole ? stored === size : stored >= offset + size) return object;
  await object.body.cancel().catch(() => {}); // not needed
  if (stored >= offset + size) { // the object is longer than the part: get a range of it
    return await getPart(backend, key, { offset, size }, { passing, signal });
  }
  throw fault({
    code: "Corrupt",
    action: "read",
    subject: `"${key}"`,
    state: `got ${stored} bytes, expected ${offset + size}`,
    ...saveAgain("The stored bytes changed.", "them"),
    key,
    backend: backend.location,
  });
}
