/**
 * Rows of CSV (RFC 4180), the first of which names the columns.
 *
 * @module
 */
import { pipeline, Readable } from "node:stream";
import { parse } from "npm:csv-parse@^7";
import { badRow } from "./raw_row.ts";
import type { RawRow } from "./raw_row.ts";

/** No row is longer, characters: an opened quote that is never closed is no row. */
const MAX_ROW = 64 * 1024 * 1024;

/** Reads rows; an empty cell is a field that is not given. */
export async function* csvRows(
  stream: ReadableStream<Uint8Array>,
  known?: readonly string[],
): AsyncGenerator<RawRow> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true, // a row of another length fails alone
    max_record_size: MAX_ROW,
  });
  pipeline(Readable.from(checked(stream), { objectMode: true }), parser, () => {}); // the loop below throws a failure
  let columns: string[] | undefined;
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    const line = info.lines;
    if (columns === undefined) columns = checkColumns(record.map((column) => column.trim()), known);
    else if (record.length !== columns.length) {
      yield { line, error: badRow(`it has ${record.length} cells, and there are ${columns.length} columns`) };
    } else {
      const cells = columns.map((column, i) => [column, record[i]] as const);
      yield { line, fields: Object.fromEntries(cells.filter(([, cell]) => cell !== "")) };
    }
  }
}

/** UTF-16 has a mark, which the parser knows; anything else is UTF-8, or no text. */
async function* checked(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: TextDecoder | undefined;
  let isFirst = true;
  for await (const chunk of stream) {
    const isWide = isFirst && (chunk[0] === 0xfe || chunk[0] === 0xff);
    if (isFirst && !isWide) decoder = new TextDecoder("utf-8", { fatal: true });
    isFirst = false;
    decoder?.decode(chunk, { stream: true });
    yield chunk;
  }
  decoder?.decode();
}

function checkColumns(columns: string[], known: readonly string[] = columns): string[] {
  const wrong = columns.find((column) => !known.includes(column));
  if (wrong !== undefined) {
    throw new TypeError(`the heading has ${JSON.stringify(wrong)}, which is not one of ${known.join(", ")}`);
  }
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined) throw new TypeError(`column ${JSON.stringify(twice)} is there twice`);
  return columns;
}
