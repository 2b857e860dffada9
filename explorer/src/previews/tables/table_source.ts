// Tables in files, read a page of rows at a time by a worker, so that no table makes the page wait.
import type { ArtifactFile } from "../../artifact_file.ts";
import { answer, ask, type AskOptions } from "../../framework/threads.ts";
import type { CompareOptions, RowDifference } from "../../../../apps/difference/compare_rows.ts";
import type { PageRange, TableFacts, TablePage, TablePart, TableReader } from "./read_table.ts";
import type { Found, Wanted } from "./table_rows.ts";

export interface TableSource extends Omit<TableReader, "groups"> {
  /** Of the table in its worker. */
  readonly id: number;
  /**
   * Finds rows. Those of a filter or an order stay in the worker until it finds others. Notes are
   * the number of rows read and, if known, the progress up to 1.
   */
  find(columns: readonly number[], wanted: Wanted, options?: AskOptions): Promise<Found>;
  /** Reads the rows that were found. */
  found(range: PageRange, signal?: AbortSignal): Promise<TablePage>;
  /** Returns the columns that may be keys of both tables. */
  keysWith(other: TableSource, signal?: AbortSignal): Promise<string[]>;
  /** Compares all rows. Notes are the number of rows read. */
  compare(
    other: TableSource,
    how: Pick<CompareOptions, "key" | "maxRows">,
    options?: AskOptions,
  ): Promise<RowDifference | undefined>;
}

interface Opened {
  id: number;
  users: number;
  facts: Promise<TableFacts>;
}

let current: Worker | undefined;
/** Rejects if the script of the worker cannot run. */
let failed: Promise<never>;
let ids = 0;
const open = new Map<ArtifactFile, Opened>();

function start(worker: Worker): Worker {
  answer<[number, number, number]>(worker, ([id, from, count], { signal }) => {
    const [file] = [...open].find(([, each]) => each.id === id)!;
    return file.read(from, count, signal);
  });
  const error = new Error("Cannot open table: its worker did not start");
  failed = new Promise((_, reject) => worker.onerror = () => reject(error));
  return worker;
}

function openIn(worker: Worker, file: ArtifactFile): Opened {
  const opened = { id: ids++, users: 0 } as Opened;
  open.set(file, opened);
  const facts = ask<TableFacts>(worker, [opened.id, "open", file.path, file.size]);
  opened.facts = Promise.race([facts, failed]);
  return opened;
}

/** Opens a table, until the signal aborts. One worker reads all tables, each file once. */
export async function openTable(file: ArtifactFile, signal?: AbortSignal): Promise<TableSource> {
  const { startTableWorker } = await import("./table_worker.ts");
  signal?.throwIfAborted();
  const worker = current ??= start(startTableWorker());
  const opened = open.get(file) ?? openIn(worker, file);
  opened.users++;
  const call = <T>(name: string, args: unknown[], options?: AskOptions) =>
    ask<T>(worker, [opened.id, name, ...args], options);
  function close() {
    signal?.removeEventListener("abort", close);
    if (--opened.users > 0) return;
    open.delete(file);
    if (open.size > 0) return void call("close", []);
    worker.terminate();
    current = undefined;
  }
  signal?.addEventListener("abort", close);
  try {
    return {
      ...await opened.facts,
      id: opened.id,
      page: (range, signal) => call("page", [range], { signal }),
      async *parts(columns, signal, range) {
        const part = await call<number>("parts", [columns, range], { signal });
        for (let next; (next = await call<TablePart | undefined>("next", [part], { signal }));) {
          yield next;
        }
      },
      find: (columns, wanted, options) => call("find", [columns, wanted], options),
      found: (range, signal) => call("found", [range], { signal }),
      keysWith: (other, signal) => call("keysWith", [other.id], { signal }),
      compare: (other, how, options) => call("compare", [other.id, how], options),
    };
  } catch (error) {
    if (!signal?.aborted) close();
    throw error;
  }
}
