// Tables in files, read a page of rows at a time by a worker, so that no table makes the page wait.
import type { Cell } from "../../../../formats/tables/table.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { answer, ask, type AskOptions } from "../../framework/threads.ts";
import type { Group } from "./parquet_table.ts";
import type { Found, Wanted } from "./table_rows.ts";

/** Files up to this size are read whole, at once. */
export const SMALL_BYTES = 1024 * 1024;

export interface TablePage {
  rows: readonly (readonly Cell[])[];
  /** True if no rows follow. */
  isEnd: boolean;
}

/** Rows that follow each other. */
export interface TablePart {
  rows: readonly (readonly Cell[])[];
  /** How much of the table is read, up to 1; absent if unknown. */
  progress?: number;
}

export interface TableFacts {
  readonly columns: readonly { name: string; type: string }[];
  /** Present if the table has more than `columns`. */
  readonly columnCount?: number;
  /** Absent if only reading all of it tells. */
  readonly rowCount?: number;
  /** Columns that are not shown, with the reason. */
  readonly others: readonly string[];
}

/** A table that is read page by page. */
export interface TableReader extends TableFacts {
  /** Absent if there is one, with unknown bounds. */
  readonly groups?: readonly Group[];
  /** Reads all rows of some columns, or a range, a part at a time. */
  parts(
    columns: readonly number[],
    signal?: AbortSignal,
    range?: Pick<Group, "from" | "to">,
  ): AsyncIterable<TablePart>;
  /** Reads rows, of some columns by number. */
  page(range: PageRange, signal?: AbortSignal): Promise<TablePage>;
}

export interface PageRange {
  from: number;
  count: number;
  columns?: readonly number[];
}

/** A table that a worker reads. */
export interface TableSource extends Omit<TableReader, "groups"> {
  /**
   * Finds rows. Those of a filter or an order stay in the worker until it finds others. Notes are
   * the number of rows read and, if known, the progress up to 1.
   */
  find(columns: readonly number[], wanted: Wanted, options?: AskOptions): Promise<Found>;
  /** Reads the rows that were found. */
  found(range: PageRange, signal?: AbortSignal): Promise<TablePage>;
}

let current: Worker | undefined;
let opened = 0;
/** The files of open tables. */
const files = new Map<number, ArtifactFile>();

function started(worker: Worker): Worker {
  answer<[number, number, number]>(
    worker,
    ([id, from, count], { signal }) => files.get(id)!.read(from, count, signal),
  );
  return worker;
}

/** Opens a table, until the signal aborts. One worker reads all open tables. */
export async function openTable(file: ArtifactFile, signal?: AbortSignal): Promise<TableSource> {
  const { startTableWorker } = await import("./table_worker.ts");
  signal?.throwIfAborted();
  const worker = current ??= started(startTableWorker());
  const id = opened++;
  files.set(id, file);
  const call = <T>(name: string, args: unknown[], options?: AskOptions) =>
    ask<T>(worker, [id, name, ...args], options);
  function close() {
    if (!files.delete(id)) return;
    if (files.size > 0) return void call("close", []);
    worker.terminate();
    current = undefined;
  }
  signal?.addEventListener("abort", close);
  const { path, size } = file;
  const failed = new Promise<never>((_, reject) =>
    worker.addEventListener(
      "error",
      () => reject(new Error("Cannot open the table: its worker did not start")),
    )
  );
  try {
    return {
      ...await Promise.race([call<TableFacts>("open", [path, size]), failed]),
      page: (range, signal) => call("page", [range], { signal }),
      async *parts(columns, signal, range) {
        const part = await call<number>("parts", [columns, range], { signal });
        for (let next; (next = await call<TablePart | undefined>("next", [part], { signal }));) {
          yield next;
        }
      },
      find: (columns, wanted, options) => call("find", [columns, wanted], options),
      found: (range, signal) => call("found", [range], { signal }),
    };
  } catch (error) {
    close();
    throw error;
  }
}
