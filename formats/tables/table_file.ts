// How formats of tables fail.
import {
  corruptFile,
  type FileFault,
  type UnsupportedFile,
  unsupportedFile,
  unwritable as unwritableTable,
} from "../content/file_faults.ts";

export const corruptTable: FileFault = corruptFile("table");
export const unsupportedTable: UnsupportedFile = unsupportedFile("table");
export { unwritableTable };
