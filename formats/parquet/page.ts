// The heads of pages, after
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift, and their
// levels.
import type { Cell } from "../../core/table.ts";
import { PageProblem } from "./problems.ts";
import { openRuns } from "./runs.ts";
import type { ThriftStruct } from "./thrift.ts";

/** The head of a page: what kind it is, its bytes unpacked and packed, and what it holds. */
export interface PageHead {
  kind: number;
  size: number;
  packed: number;
  crc?: number;
  data?: { values: number; encoding: number; levels: number };
  dictionary?: { values: number; encoding: number };
  data2?: {
    values: number;
    nulls: number;
    encoding: number;
    levelBytes: number;
    repeatBytes: number;
    packed?: boolean;
  };
}

/** How it is read. */
export const PAGE_HEAD: ThriftStruct = {
  fields: {
    1: ["kind!", "integer"],
    2: ["size!", "integer"],
    3: ["packed!", "integer"],
    4: ["crc", "integer"],
    5: ["data", {
      fields: { 1: ["values!", "integer"], 2: ["encoding!", "integer"], 3: ["levels!", "integer"] },
    }],
    7: ["dictionary", { fields: { 1: ["values!", "integer"], 2: ["encoding!", "integer"] } }],
    8: ["data2", {
      fields: {
        1: ["values!", "integer"],
        2: ["nulls!", "integer"],
        4: ["encoding!", "integer"],
        5: ["levelBytes!", "integer"],
        6: ["repeatBytes!", "integer"],
        7: ["packed", "boolean"],
      },
    }],
  },
};
/** A page of values, version 1: levels and values are packed together. */
export const DATA = 0;
/** A page that is passed by. */
export const INDEX = 1;
/** The values of a dictionary. */
export const DICTIONARY = 2;
/** A page of values, version 2: its levels are not packed. */
export const DATA_V2 = 3;

/** Cells, of which each is there or null as its level says. */
export function withNulls(
  levels: DataView,
  takeCells: (count: number) => Cell[],
): (count: number) => Cell[] {
  const takeLevels = openRuns(levels, 0, 1);
  return (count) => {
    const present = takeLevels(count);
    if (present.some((level) => level > 1)) throw new PageProblem("a level is above 1");
    const cells = takeCells(present.reduce((sum, level) => sum + level, 0));
    if (cells.length === count) return cells;
    let next = 0;
    return present.map((level) => level === 1 ? cells[next++] : null);
  };
}

/** A view of bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
