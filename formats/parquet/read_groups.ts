// The rows of a Parquet file, read group by group.
import type { FileToDecode } from "../../core/file_store.ts";
import type { Batch, Range } from "../tables/batch_table.ts";
import { openChunk } from "./chunk.ts";
import type { FileColumn } from "./columns.ts";
import type { RowGroup } from "./footer.ts";

const AHEAD_BYTES = 16 * 1024 * 1024;
/** Limits of the read-ahead of a column. */
const WINDOW_BYTES = { least: 65_536, most: 2 * 1024 * 1024 };

/** Reads a range of the rows of some columns. Pages and groups without a wanted row are skipped. */
export async function* readGroups(
  file: FileToDecode,
  groups: readonly RowGroup[],
  { wanted, ...range }: Range & { wanted: readonly FileColumn[] },
): AsyncGenerator<Batch> {
  const { least, most } = WINDOW_BYTES;
  const windowBytes = Math.max(least, Math.min(most, AHEAD_BYTES / wanted.length));
  let first = 0;
  for (const group of groups) {
    const from = Math.max(range.from - first, 0);
    let left = Math.min(range.to - first, group.rows) - from;
    const firstRow = first + 1;
    first += group.rows;
    if (left <= 0) continue;
    const place = { file, group, firstRow, windowBytes, signal: range.signal };
    const chunks = wanted.map((column) => openChunk({ ...place, column }));
    if (from > 0) await Promise.all(chunks.map((chunk) => chunk.skip(from)));
    while (left > 0) {
      range.signal?.throwIfAborted();
      await Promise.all(chunks.map((chunk) => chunk.fill()));
      const rows = chunks.reduce((least, chunk) => Math.min(least, chunk.left), left);
      yield { rows, cells: chunks.map((chunk) => chunk.take(rows)) };
      left -= rows;
    }
  }
}
