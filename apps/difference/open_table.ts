// Tables in files, by their extension, with the separator that their CSV has.
import { concatBytes } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import type { CsvDelimiter, Table } from "../../formats/csv.ts";
import { findDelimiter } from "../../formats/csv/find_delimiter.ts";
import { createFormats } from "../../formats/mod.ts";

/** First bytes of CSV, in which its separator is found. */
const HEAD_BYTES = 64 * 1024;

/** Opens a file of CSV, TSV or Parquet; undefined for other files. */
export async function openTable(file: FileToDecode): Promise<Table | undefined> {
  const [kind] = /(?<=\.)(csv|tsv|parquet)$/.exec(file.path.toLowerCase()) ?? [];
  if (kind === undefined) return undefined;
  const options = kind === "parquet"
    ? { localTimes: "text", fineTimes: "text", unsignedIntegers: "text" }
    : kind === "csv"
    ? { delimiter: await delimiterOf(file) }
    : undefined;
  return await (await createFormats().get(kind, options)).decode(file) as Table;
}

/** Returns the separator of CSV in UTF-8, or in UTF-16 with a byte order mark. */
export async function delimiterOf(file: FileToDecode): Promise<CsvDelimiter> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of file.stream({ offset: 0, length: Math.min(HEAD_BYTES, file.size) })) {
    chunks.push(chunk);
    if ((size += chunk.length) >= HEAD_BYTES) break; // a stream may ignore the range
  }
  const bytes = concatBytes(chunks);
  const mark = bytes.length < 2 ? 0 : new DataView(bytes.buffer).getUint16(0);
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  return findDelimiter(new TextDecoder(encoding).decode(bytes));
}
