// Rows of CSV, the first of which names the columns.
import { parseCsv } from "../../formats/csv.ts";
import { badRow } from "./raw_row.ts";
import type { RawRow } from "./raw_row.ts";

/** Reads rows; an empty cell is a field that is not given. One of another length than the heading fails alone. */
export async function* csvRows(
  stream: ReadableStream<Uint8Array>,
  known?: readonly string[],
): AsyncGenerator<RawRow> {
  let columns: string[] | undefined;
  for await (const { cells, line } of parseCsv(stream)) {
    if (columns === undefined) columns = checkColumns(cells.map((column) => column.trim()), known);
    else if (cells.length !== columns.length) {
      yield {
        line,
        error: badRow(`it has ${cells.length} cells, and there are ${columns.length} columns`),
      };
    } else {
      const named = columns.map((column, i) => [column, cells[i]] as const);
      yield { line, fields: Object.fromEntries(named.filter(([, cell]) => cell !== "")) };
    }
  }
}

function checkColumns(columns: string[], known: readonly string[] = columns): string[] {
  const wrong = columns.find((column) => !known.includes(column));
  if (wrong !== undefined) {
    throw new TypeError(
      `the heading has ${JSON.stringify(wrong)}, which is not one of ${known.join(", ")}`,
    );
  }
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined) throw new TypeError(`column ${JSON.stringify(twice)} is there twice`);
  return columns;
}
