// Arrow, loaded with the first table that needs it.
import type { FileToDecode } from "../../../../core/file_store.ts";
import { columnsOf } from "../../../../formats/arrow/fields.ts";
import { readMessages } from "../../../../formats/arrow/messages.ts";

export { openArrow } from "../../../../formats/arrow.ts";

/** Returns all columns, those too that cannot be read, with the reason. */
export async function arrowColumns(file: FileToDecode, signal?: AbortSignal) {
  const messages = readMessages(file, { signal });
  const { value: schema } = await messages.next();
  await messages.return(undefined);
  return schema?.kind === "schema" ? columnsOf(schema, "utc") : [];
}
