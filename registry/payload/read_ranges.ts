// Reads ranges of a file that is in many runs of few objects: by few large requests, ahead of the
// reader, in bounded memory.
import { itemAt, valueAt } from "../../core/faults/present.ts";
import type { ByteRange } from "../../core/backend.ts";
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import { endOf, type PartRun } from "../cell/part_runs.ts";
import type { FileRange } from "../../core/bytes/content_chunks.ts";

/** A range of an object that is read at once, for one or more slices of a file. */
export interface PlannedRead {
  part: Part;
  offset: number;
  size: number;
}

/** Bytes of a read, in the order of the file. */
interface Slice {
  read: number;
  offset: number;
  size: number;
  /** No later slice needs the read. */
  last?: boolean;
}

/** Bytes between two runs of an object that are read too: they cost less than a request. */
const GAP_BYTES = { always: 64 * 1024, most: 512 * 1024 };
const LEAST_READ_BYTES = 4096;

/**
 * Plans the reads for ranges of a file, which are in order: few, large, and ordered by their first
 * use. All objects together hold about `heldBytes` at a time.
 */
export function planReads(
  runs: readonly PartRun[],
  ranges: readonly FileRange[],
  { heldBytes, mostBytes }: { heldBytes: number; mostBytes: number },
): { reads: PlannedRead[]; slices: Slice[] } {
  const limits = limitsOf(runs, heldBytes, mostBytes);
  const reads: PlannedRead[] = [];
  const slices: Slice[] = [];
  const latest = new Map<string, number>(); // read by object
  let first = 0;
  for (const { from, to } of ranges) {
    while (first < runs.length && endOf(itemAt(runs, first)) <= from) first++;
    for (let i = first; i < runs.length && itemAt(runs, i).start < to; i++) {
      const run = itemAt(runs, i);
      const end = Math.min(to, endOf(run));
      for (let at = Math.max(from, run.start); at < end;) {
        at += take(run, (run.offset ?? 0) + at - run.start, end - at);
      }
    }
  }
  const laterReads = new Set<number>();
  for (const slice of slices.toReversed()) {
    slice.last = !laterReads.has(slice.read);
    laterReads.add(slice.read);
  }
  return { reads, slices };

  /** Adds a slice of up to `size` bytes, and returns its size. */
  function take(run: PartRun, offset: number, size: number): number {
    const id = objectOf(run), limit = valueAt(limits, id);
    let index = latest.get(id);
    let read = index === undefined ? undefined : itemAt(reads, index);
    if (
      index === undefined || read === undefined || offset < read.offset ||
      offset > read.offset + read.size + gapAfter(read) || offset >= read.offset + limit
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

function objectOf({ parts: [{ object, from }] }: PartRun): string {
  return `${from}/${object}`;
}

/** Returns the largest read of each object: what small ones need not is left for the others. */
function limitsOf(
  runs: readonly PartRun[],
  heldBytes: number,
  mostBytes: number,
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const run of runs) sizes.set(objectOf(run), (sizes.get(objectOf(run)) ?? 0) + run.size);
  let remaining = heldBytes, others = sizes.size;
  const bySize = [...sizes].sort((a, b) => a[1] - b[1]);
  return new Map(bySize.map(([id, size]) => {
    const limit = Math.min(mostBytes, Math.max(Math.floor(remaining / others--), LEAST_READ_BYTES));
    remaining -= Math.min(size, limit);
    return [id, limit];
  }));
}

function gapAfter({ size }: PlannedRead): number {
  return Math.min(Math.max(size, GAP_BYTES.always), GAP_BYTES.most);
}

/** The largest read. */
const READ_BYTES = 8 * 1024 * 1024;
/** Bytes that all objects hold at a time, one read each, and bytes that are requested ahead. */
const HELD_BYTES = 32 * 1024 * 1024;
const AHEAD_BYTES = 24 * 1024 * 1024;

/** Reads into `target`, which may be longer, and returns it. */
export type ReadInto = (
  target: Uint8Array,
  read: PlannedRead,
  signal: AbortSignal,
) => Promise<Uint8Array>;

export interface WindowOptions {
  /** Bytes per read; each starts when the previous one is consumed. @default whole parts */
  windowBytes?: number;
}

interface ReadRangesOptions extends WindowOptions {
  read: ReadInto;
  signal?: AbortSignal;
}

/** Yields the bytes of ranges, in order. Each chunk is valid until the next one. */
export async function* readRanges(
  runs: readonly PartRun[],
  ranges: readonly FileRange[],
  options: ReadRangesOptions,
): AsyncGenerator<Uint8Array> {
  const { windowBytes } = options;
  if (windowBytes === undefined) return yield* readPlanned(runs, ranges, options);
  // A window has bytes of few objects: planned alone, its reads are as large as it is.
  let first = 0;
  for (const { from, to } of ranges) {
    for (let at = from; at < to && first < runs.length;) {
      while (first < runs.length && endOf(itemAt(runs, first)) <= at) first++;
      const end = Math.min(at + windowBytes, to);
      let last = first;
      while (last < runs.length && runs[last]!.start < end) last++;
      yield* readPlanned(runs.slice(first, last), [{ from: at, to: end }], options);
      at = end;
    }
  }
}

async function* readPlanned(
  runs: readonly PartRun[],
  ranges: readonly FileRange[],
  { read: readInto, windowBytes, signal }: ReadRangesOptions,
): AsyncGenerator<Uint8Array> {
  const limits = { heldBytes: windowBytes ?? HELD_BYTES, mostBytes: READ_BYTES };
  const { reads, slices } = planReads(runs, ranges, limits);
  const most = windowBytes === undefined ? AHEAD_BYTES : 0;
  const stop = new AbortController();
  const ending = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const begun: (Promise<Uint8Array> | undefined)[] = [];
  const free: Uint8Array[] = [];
  let used = 0, ahead = 0; // reads in use or done, and bytes of those after them
  let isDone = false;
  try {
    for (const { read, offset, size, last } of slices) {
      signal?.throwIfAborted();
      if (read === used) ahead -= reads[used++]!.size;
      while (begun.length < used || (ahead < most && begun.length < reads.length)) {
        const next = reads[begun.length]!;
        const fits = free.findIndex(({ byteLength }) => byteLength >= next.size);
        const target = free.splice(fits, fits < 0 ? 0 : 1)[0] ?? new Uint8Array(next.size);
        const reading = readInto(target, next, ending);
        reading.catch(() => {}); // awaited in its turn, unless reading ends before
        begun.push(reading);
        ahead += next.size;
      }
      const bytes = await begun[read]!;
      yield bytes.subarray(offset, offset + size);
      if (!last) continue;
      begun[read] = undefined;
      free.push(bytes);
    }
    isDone = true;
  } finally {
    if (!isDone) stop.abort();
    await Promise.allSettled(begun);
  }
}

/** Yields a range of a file. Reads to the end of the file, where its checksum is checked. */
export async function* cut(
  whole: AsyncIterable<Uint8Array>,
  offset: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of whole) {
    const bytes = chunk.subarray(Math.max(offset - at, 0), Math.max(end - at, 0));
    at += chunk.byteLength;
    if (bytes.byteLength > 0) yield bytes;
  }
}

/** Returns the bytes `[offset, end)` of a range. Throws if they cannot be read. */
export function rangeOfFile(
  file: StoredFile,
  { offset, length = file.size }: ByteRange,
): { offset: number; end: number } {
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0) || length % 1 > 0) {
    const state = `invalid range: offset ${offset}, length ${length}`;
    throw invalid("read a range of", shown(file.path), state, {
      hint: "Pass non-negative integers.",
    });
  }
  return { offset, end: Math.min(offset + length, file.size) };
}

export function asFileRange({ offset, length }: Required<ByteRange>): FileRange {
  return { from: offset, to: offset + length };
}

export function asByteRange({ from, to }: FileRange): Required<ByteRange> {
  return { offset: from, length: to - from };
}
