// Differences between the tensors of two models. The digests of chunks decide where they can; the
// rest is read, up to a limit.
import { sameBytes } from "../../../core/bytes/bytes.ts";
import { ChunkList } from "../../../core/bytes/content_chunks.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import type { ArtifactFile } from "../artifact_file.ts";
import type { ModelTensor } from "../previews/models/model.ts";

export interface ModelToCompare {
  readonly file: Pick<ArtifactFile, "size" | "read" | "chunks">;
  readonly tensors: readonly ModelTensor[];
}

/** `unknown`: more would have to be read to tell. */
export type TensorState = "added" | "removed" | "changed" | "same" | "unknown";

export interface TensorChange {
  readonly name: string;
  readonly change: TensorState;
  readonly before?: ModelTensor;
  readonly after?: ModelTensor;
}

/** Bytes that are read of each model. */
const MAX_BYTES = 32 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
/** Smaller files have no chunks, or are read as fast. */
const LEAST_BYTES = 1024 * 1024;

/** A range of bytes of both models. */
interface Range {
  readonly before: number;
  readonly after: number;
  readonly length: number;
}

export async function compareTensors(
  left: ModelToCompare,
  right: ModelToCompare,
  { signal, maxBytes = MAX_BYTES }: { signal?: AbortSignal; maxBytes?: number } = {},
): Promise<TensorChange[]> {
  const [before, after] = [left, right].map(({ tensors }) =>
    new Map(tensors.map((tensor) => [tensor.name, tensor]))
  ) as [Map<string, ModelTensor>, Map<string, ModelTensor>];
  const [ours, theirs] = await Promise.all([chunksOf(left, signal), chunksOf(right, signal)]);
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changes = new Map<string, TensorState>();
  let bytesLeft = maxBytes;
  await forEachAtOnce(names, async (name) => {
    const pair = [before.get(name), after.get(name)] as const;
    const known = stateByFacts(...pair);
    if (known !== undefined) return void changes.set(name, known);
    const ranges = rangesOf(pair as [ModelTensor, ModelTensor], ours, theirs);
    changes.set(name, ranges === "changed" ? ranges : await compareRanges(ranges));
  });
  return names.map((name) => ({
    name,
    change: changes.get(name) ?? "unknown",
    before: before.get(name),
    after: after.get(name),
  }));

  /** Reads ranges until one differs. */
  async function compareRanges(ranges: readonly Range[]): Promise<TensorState> {
    for (const { before, after, length } of ranges) {
      for (let at = 0; at < length; at += PIECE_BYTES) {
        const count = Math.min(PIECE_BYTES, length - at);
        if ((bytesLeft -= count) < 0) return "unknown";
        const [old, now] = await Promise.all([
          left.file.read(before + at, count, signal),
          right.file.read(after + at, count, signal),
        ]);
        if (!sameBytes(old, now)) return "changed";
      }
    }
    return "same";
  }
}

/** Returns what is known without bytes. */
function stateByFacts(before?: ModelTensor, after?: ModelTensor): TensorState | undefined {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  const [old, now] = [before, after].map(({ dtype, shape, size }) => `${[dtype, ...shape, size]}`);
  if (old !== now) return "changed";
  const isPlaced = [before, after].every(({ offset, size }) =>
    offset !== undefined && size !== undefined
  );
  return isPlaced ? undefined : "unknown";
}

interface Chunk {
  readonly from: number;
  readonly length: number;
  readonly digest: string;
}

/** Returns the chunks of a file, in order, or none. */
async function chunksOf({ file }: ModelToCompare, signal?: AbortSignal): Promise<Chunk[]> {
  const bytes = file.size < LEAST_BYTES ? undefined : await file.chunks?.(signal);
  const list = bytes && ChunkList.decode(bytes, file.size);
  let from = 0;
  return Array.from({ length: list?.count ?? 0 }, (_, i) => {
    const chunk = { from, length: list!.lengthOf(i), digest: String(list!.digestOf(i)) };
    from += chunk.length;
    return chunk;
  });
}

/** Returns the ranges of a tensor that digests do not decide, or that they show a change. */
function rangesOf(
  [before, after]: readonly [ModelTensor, ModelTensor],
  ours: readonly Chunk[],
  theirs: readonly Chunk[],
): readonly Range[] | "changed" {
  const { offset = 0, size = 0 } = before;
  const shift = (after.offset ?? 0) - offset;
  if (size === 0) return [];
  if (ours.length === 0) return [{ before: offset, after: offset + shift, length: size }];
  const ranges: Range[] = [];
  for (let i = lastAt(ours, offset); i < ours.length; i++) {
    const { from, length, digest } = ours[i] as Chunk;
    if (from >= offset + size) break;
    const other = theirs[lastAt(theirs, from + shift)];
    const isPair = other?.from === from + shift && other.length === length;
    if (isPair && other.digest === digest) continue;
    const isInside = from >= offset && from + length <= offset + size;
    if (isPair && isInside) return "changed";
    const [begin, end] = [Math.max(from, offset), Math.min(from + length, offset + size)];
    ranges.push({ before: begin, after: begin + shift, length: end - begin });
  }
  return ranges;
}

/** Returns the index of the last chunk that begins at a position or before it. */
function lastAt(chunks: readonly Chunk[], position: number): number {
  let [low, high] = [0, chunks.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((chunks[middle]?.from ?? Infinity) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
