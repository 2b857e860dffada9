// Tables in files, read a page of rows at a time by a worker, so that no table makes the page wait.
import type { ArtifactFile } from "../../artifact_file.ts";
import { answer, ask, type AskOptions } from "../../framework/threads.ts";
import type { CompareOptions, RowDifference } from "../../../../apps/difference/compare_rows.ts";
import type { PageRange, TableFacts, TablePage, TablePart, TableReader } from "./table_reader.ts";
import type { Found, Rows, Wanted } from "./table_rows.ts";

export interface TableSource extends Omit<TableReader, "groups" | "media"> {
  /** Of the table in its worker. */
  readonly id: number;
  /**
   * Finds rows. Those of a filter or an order stay in the worker until it finds others. Notes are
   * the number of rows read and, if known, the progress up to 1.
   */
  find(columns: readonly number[], wanted: Wanted, options?: AskOptions): Promise<Found>;
  /** Reads the rows that were found. */
  found(range: PageRange, signal?: AbortSignal): Promise<TablePage>;
  media(column: number, row: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Returns the rows of a filter or an order, as many as fit into memory. */
  copy(columns: readonly number[], wanted: Wanted, signal?: AbortSignal): Promise<Rows>;
  /** Returns the columns that may be keys of both tables. */
  keysWith(other: TableSource, signal?: AbortSignal): Promise<string[]>;
  /** Compares all rows. Notes are the number of rows read. */
  compare(
    other: TableSource,
    how: Pick<CompareOptions, "key" | "maxRows">,
    options?: AskOptions,
  ): Promise<RowDifference | undefined>;
}

interface OpenTable {
  readonly id: number;
  readonly facts: Promise<TableFacts>;
  users: number;
}

/** A worker that says and reads nothing for so long is stuck in a damaged table. */
const STUCK_MS = 30_000;

/** A running worker and the tables that it reads, each file once. */
class TableWorker {
  readonly #worker: Worker;
  readonly #tables = new Map<ArtifactFile, OpenTable>();
  /** Rejects if the script of the worker cannot run, or is stuck. */
  readonly #failed: Promise<never>;
  #fail!: (error: Error) => void;
  #ids = 0;
  #questions = 0;
  #reads = 0;
  #heardAt = 0;
  #watch?: ReturnType<typeof setInterval>;

  constructor(worker: Worker) {
    this.#worker = worker;
    answer<[number, number, number]>(worker, async ([id, from, count], { signal }) => {
      const [file] = [...this.#tables].find(([, table]) => table.id === id)!;
      this.#reads++;
      try {
        return await file.read(from, count, signal);
      } finally {
        this.#reads--;
        this.#heardAt = performance.now();
      }
    });
    this.#failed = new Promise((_, reject) => this.#fail = reject);
    this.#failed.catch(() => {}); // questions say so
    worker.onerror = () => this.#fail(new Error("Cannot open table: its worker did not start"));
  }

  /** Ends the worker if it is stuck. */
  #check(): void {
    const isQuiet = this.#reads === 0 && performance.now() - this.#heardAt > STUCK_MS;
    if (this.#questions > 0 && !isQuiet) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
    if (this.#questions === 0) return;
    this.#worker.terminate();
    if (current === this) current = undefined;
    this.#fail(new Error("Cannot read table: reading it takes too long, it may be damaged"));
  }

  /** Returns the table of a file for one more user. */
  open(file: ArtifactFile): OpenTable {
    const table = this.#tables.get(file) ?? this.#add(file);
    table.users++;
    return table;
  }

  #add(file: ArtifactFile): OpenTable {
    const id = this.#ids++;
    const facts = this.ask<TableFacts>([id, "open", file.path, file.size]);
    const table = { id, users: 0, facts };
    this.#tables.set(file, table);
    return table;
  }

  async ask<T>(message: unknown[], { onNote, ...options }: AskOptions = {}): Promise<T> {
    this.#questions++;
    this.#heardAt = performance.now();
    this.#watch ??= setInterval(() => this.#check(), 1000);
    const heard = (note: unknown) => {
      this.#heardAt = performance.now();
      onNote?.(note);
    };
    try {
      const answered = ask<T>(this.#worker, message, { ...options, onNote: heard });
      return await Promise.race([answered, this.#failed]);
    } finally {
      this.#questions--;
    }
  }

  /** Closes the table for one user. Returns whether the worker ended, with the last table. */
  close(file: ArtifactFile): boolean {
    const table = this.#tables.get(file);
    if (table === undefined || --table.users > 0) return false;
    this.#tables.delete(file);
    if (this.#tables.size > 0) {
      this.ask([table.id, "close"]).catch(() => {}); // of a worker that is stuck
      return false;
    }
    clearInterval(this.#watch); // nobody waits for the questions that it did not answer
    this.#worker.terminate();
    return true;
  }
}

/** The worker of this page, while a table is open. */
let current: TableWorker | undefined;

/** Opens a table, until the signal aborts. One worker reads all tables of the page. */
export async function openTable(file: ArtifactFile, signal?: AbortSignal): Promise<TableSource> {
  const { startTableWorker } = await import("./table_worker.ts");
  signal?.throwIfAborted();
  const worker = current ??= new TableWorker(startTableWorker());
  const { id, facts } = worker.open(file);
  const call = <T>(name: string, args: unknown[], options?: AskOptions) =>
    worker.ask<T>([id, name, ...args], options);
  function close() {
    signal?.removeEventListener("abort", close);
    if (worker.close(file)) current = undefined;
  }
  signal?.addEventListener("abort", close);
  try {
    return {
      ...await facts,
      id,
      page: (range, signal) => call("page", [range], { signal }),
      async *parts(columns, signal, range) {
        const part = await call<number>("parts", [columns, range], { signal });
        for (let next; (next = await call<TablePart | undefined>("next", [part], { signal }));) {
          yield next;
        }
      },
      find: (columns, wanted, options) => call("find", [columns, wanted], options),
      media: (column, row, signal) => call("media", [column, row], { signal }),
      found: (range, signal) => call("found", [range], { signal }),
      copy: (columns, wanted, signal) => call("copy", [columns, wanted], { signal }),
      keysWith: (other, signal) => call("keysWith", [other.id], { signal }),
      compare: (other, how, options) => call("compare", [other.id, how], options),
    };
  } catch (error) {
    if (!signal?.aborted) close();
    throw error;
  }
}
