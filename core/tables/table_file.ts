// How formats of tables fail.
import { corruptFile, unsupportedFile, unwritable } from "../files/file_faults.ts";

export const corruptTable = corruptFile("table");
export const unsupportedTable = unsupportedFile("table");
export const unwritableTable = unwritable;
