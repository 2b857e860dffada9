// The rows of a Parquet file, read group by group.
import type { FileToDecode } from "../../core/file_store.ts";
import { type Cells, copyCells } from "../tables/cells.ts";
import type { Batch, Range } from "../tables/batch_table.ts";
import { type ChunkReader, openChunk, type PageSize } from "./chunk.ts";
import type { FileColumn } from "./columns.ts";
import type { RowGroup } from "./footer.ts";

const AHEAD_BYTES = 16 * 1024 * 1024;
/** Limits of the read-ahead of a column. */
const WINDOW_BYTES = { least: 65_536, most: 2 * 1024 * 1024 };
/** Largest page, unless the caller has a limit of its own. */
export const MAX_PAGE_BYTES = 64 * 1024 * 1024;
/** Cells that are made at once, so that other work goes on. */
const BATCH_CELLS = 65_536;
/** Pages of all columns that are kept at once, unpacked, if few rows are columns, bytes. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** Of so few rows, large pages are unpacked one after the other. They may be unpacked again. */
const FEW_ROWS = 10_000, FEW_CELLS = 1024 * 1024;

/** Reads a range of the rows of some columns. Pages and groups without a wanted row are skipped. */
export async function* readGroups(
  file: FileToDecode,
  groups: readonly RowGroup[],
  { columns, maxPageBytes = MAX_PAGE_BYTES, ...range }: Range & {
    columns: readonly FileColumn[];
    maxPageBytes?: number;
  },
): AsyncGenerator<Batch> {
  const { signal } = range;
  const { least, most } = WINDOW_BYTES;
  const windowBytes = Math.max(least, Math.min(most, Math.floor(AHEAD_BYTES / columns.length)));
  let first = 0;
  for (const group of groups) {
    const from = Math.max(range.from - first, 0);
    let remainingRows = Math.min(range.to - first, group.rows) - from;
    const place = { file, group, firstRow: first + 1, windowBytes, maxPageBytes, signal };
    first += group.rows;
    if (remainingRows <= 0) continue;
    const chunks = columns.map((column) => openChunk({ ...place, column }));
    if (from > 0) await Promise.all(chunks.map((chunk) => chunk.skip(from)));
    const isFew = remainingRows <= FEW_ROWS;
    while (remainingRows > 0) {
      signal?.throwIfAborted();
      const sizes = await Promise.all(chunks.map((chunk) => chunk.find()));
      const isLarge = isFew && columns.length > 1 && sumOf(sizes, "unpacked") > KEPT_BYTES;
      const most = Math.max(1, Math.floor((isLarge ? FEW_CELLS : BATCH_CELLS) / columns.length));
      const rows = chunks.reduce(
        (least, chunk) => Math.min(least, chunk.left),
        Math.min(remainingRows, most),
      );
      const isAhead = sumOf(sizes, "packed") <= AHEAD_BYTES;
      const cells = isLarge ? await oneByOne(chunks, rows, isAhead) : await together(chunks, rows);
      yield { rows, cells };
      remainingRows -= rows;
    }
  }
}

function sumOf(sizes: readonly PageSize[], member: keyof PageSize): number {
  return sizes.reduce((sum, size) => sum + size[member], 0);
}

async function together(chunks: readonly ChunkReader[], rows: number): Promise<Cells[]> {
  await Promise.all(chunks.map((chunk) => chunk.fill()));
  return chunks.map((chunk) => chunk.take(rows));
}

/** Unpacks the page of one column after the other. Their bytes are read at once if they are few. */
async function oneByOne(
  chunks: readonly ChunkReader[],
  rows: number,
  isAhead: boolean,
): Promise<Cells[]> {
  if (isAhead) await Promise.all(chunks.map((chunk) => chunk.fetch()));
  const cells: Cells[] = [];
  for (const chunk of chunks) {
    await chunk.fill();
    cells.push(copyCells(chunk.take(rows)));
    chunk.release();
  }
  return cells;
}
