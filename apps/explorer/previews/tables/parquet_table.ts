// Parquet, loaded with the first table that needs it.
import type { FileToDecode } from "../../../../core/file_store.ts";
import { columnsOf } from "../../../../formats/parquet/columns.ts";
import { readFooter } from "../../../../formats/parquet/footer.ts";

export { openParquet } from "../../../../formats/parquet.ts";

const MAX_FOOTER_BYTES = 16 * 1024 * 1024;

/** Returns all columns, those too that cannot be read, with the reason. */
export async function parquetColumns(file: FileToDecode, signal?: AbortSignal) {
  const { schema } = await readFooter(file, MAX_FOOTER_BYTES, signal);
  return columnsOf(file.path, schema, "utc");
}
