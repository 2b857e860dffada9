// Makes a file from a copy of another version and from the bytes that the copy lacks.
import type { ByteRange } from "../backend.ts";
import type { ArtifactFile } from "../artifact.ts";
import { tapped } from "./bytes.ts";
import { type ChunkList, type ChunkRun, equalRuns, ListMaker } from "./content_chunks.ts";
import { createRunCheck, createSha256 } from "./digest.ts";

/** The bytes of another version of a file. */
export type LocalCopy = NonNullable<Parameters<NonNullable<ArtifactFile["rebuild"]>>[0]>;

/** A copy that has less of a file is not used: reading it takes longer than it saves. */
const LEAST_SHARE = 0.1;

/** Describes a file by the bytes of a copy; undefined if that has little of it. */
export async function planRebuild(
  list: ChunkList,
  copy: LocalCopy,
): Promise<readonly ChunkRun[] | undefined> {
  const maker = new ListMaker(list.average);
  for await (const chunk of copy.chunks({ offset: 0, length: copy.size })) maker.update(chunk);
  const runs = equalRuns(list, maker.end());
  const sharedBytes = runs.reduce((sum, { size, at }) => at === undefined ? sum : sum + size, 0);
  return sharedBytes < list.size * LEAST_SHARE ? undefined : runs;
}

/** Returns the ranges of the file that the copy lacks. */
export function missingRanges(runs: readonly ChunkRun[]): Required<ByteRange>[] {
  let offset = 0;
  return runs.flatMap(({ size: length, at }) => {
    const range = { offset, length };
    offset += length;
    return at === undefined ? [range] : [];
  });
}

/**
 * Yields the bytes of the file, unverified: those of the copy, and those of `missing`, which come
 * in order. A chunk is valid until the next one.
 */
export async function* rebuilt(
  runs: readonly ChunkRun[],
  copy: LocalCopy,
  missing: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let next = missing.next(); // requests begin while the copy is read
  next.catch(() => {}); // awaited when its bytes are due
  let rest = new Uint8Array();
  try {
    for (const { size, at } of runs) {
      if (at !== undefined) {
        yield* copy.chunks({ offset: at, length: size });
        continue;
      }
      for (let remaining = size; remaining > 0;) {
        if (rest.byteLength === 0) {
          const { done, value } = await next;
          if (done) return;
          rest = value as Uint8Array<ArrayBuffer>;
        }
        const taken = rest.subarray(0, remaining);
        remaining -= taken.byteLength;
        rest = rest.subarray(taken.byteLength);
        yield taken;
        if (rest.byteLength > 0) continue;
        next = missing.next();
        next.catch(() => {});
      }
    }
  } finally {
    await missing.return(undefined);
  }
}

/** Returns where the first chunk of a range begins that a copy has not; its end if it has all. */
export async function endOfEqual(
  copy: LocalCopy,
  list: ChunkList,
  { offset, length }: Required<ByteRange>,
): Promise<number> {
  let at = offset;
  for (const { size, sha256 } of list.digestsIn([{ offset, length }])) {
    const hash = createSha256();
    for await (const bytes of copy.chunks({ offset: at, length: size })) hash.update(bytes);
    if (hash.digest() !== sha256) return at;
    at += size;
  }
  return at;
}

/** Yields the bytes of ranges, in order, of chunks from the beginning of a file. */
export async function* onlyRanges(
  chunks: AsyncIterable<Uint8Array>,
  ranges: readonly Required<ByteRange>[],
): AsyncGenerator<Uint8Array> {
  const pending = ranges.values();
  let next = pending.next().value;
  let start = 0;
  for await (const chunk of chunks) {
    const end = start + chunk.byteLength;
    while (next !== undefined && next.offset < end) {
      const last = next.offset + next.length;
      yield chunk.subarray(Math.max(next.offset - start, 0), last - start);
      if (last > end) break;
      next = pending.next().value;
    }
    if (next === undefined) return;
    start = end;
  }
}

/** Passes the bytes of ranges on. Throws `error` if they are not those of the listed chunks. */
export function checkedChunks(
  bytes: AsyncIterable<Uint8Array>,
  { list, ranges, error }: {
    list: ChunkList;
    /** Ranges of whole chunks. */
    ranges: readonly Required<ByteRange>[];
    error: () => Error;
  },
): AsyncGenerator<Uint8Array> {
  const check = createRunCheck(list.digestsIn(ranges), () => {
    throw error();
  });
  return tapped(bytes, check);
}
