// The worker that reads tables. The page loads this script too, to know its URL.
import type { ArtifactFile } from "../../artifact_file.ts";
import { answer, ask as askPage, type AskOptions } from "../../framework/threads.ts";
import { SMALL_BYTES } from "../file_to_decode.ts";
import {
  type CompareOptions,
  compareRows,
  findKeys,
  type RowDifference,
} from "../../../../apps/difference/compare_rows.ts";
import { findRows, type Found, isPlain, type Rows, type Wanted } from "./table_rows.ts";
import { MAX_COPIED_CELLS } from "./cells.ts";
import { readTable } from "./read_table.ts";
import type { PageRange, TablePage, TableReader } from "./table_reader.ts";

/** Bytes that a sample may read: columns are read ahead, up to 16 MiB. A request counts as some. */
const [SAMPLE_BYTES, REQUEST_BYTES] = [24 * 1024 * 1024, 128 * 1024];

type Options = Required<AskOptions>;

/** A table in the worker, with the methods that the page calls. */
class WorkerTable {
  #table!: TableReader;
  #bytes = 0;
  #parts: AsyncIterator<unknown>[] = [];
  #found: Pick<TablePage, "rows" | "places"> = { rows: [] };

  constructor(readonly thread: Worker, readonly id: number) {}

  async open(path: string, size: number) {
    const ask = (from: number, count: number, signal?: AbortSignal) => {
      this.#bytes += Math.max(count, REQUEST_BYTES);
      return askPage<Uint8Array<ArrayBuffer>>(this.thread, [this.id, from, count], { signal });
    };
    const whole = size <= SMALL_BYTES ? await ask(0, size) : undefined;
    const read: ArtifactFile["read"] = async (from, count, signal) =>
      whole?.slice(from, from + count) ?? await ask(from, count, signal);
    this.#table = await readTable({ path, size, read });
    const { columns, columnCount, rowCount, others, isPart, note } = this.#table;
    return { columns, columnCount, rowCount, others, isPart, note };
  }

  page(range: PageRange, { signal }: Options): Promise<TablePage> {
    return this.#table.page(range, signal);
  }

  async media(column: number, row: number): Promise<Uint8Array | undefined> {
    return await this.#table.media?.(column, row);
  }

  parts(columns: readonly number[], range: Parameters<TableReader["parts"]>[2]): number {
    const parts = this.#table.parts(columns, undefined, range);
    return this.#parts.push(parts[Symbol.asyncIterator]()) - 1;
  }

  async next(id: number) {
    return (await this.#parts[id]!.next()).value;
  }

  async find(columns: readonly number[], wanted: Wanted, options: Options): Promise<Found> {
    const { signal, stop, onNote } = options;
    const end = wanted.sample === undefined ? Infinity : this.#bytes + SAMPLE_BYTES;
    const { rows, places, ...summary } = await findRows(this.#table, columns, wanted, {
      signal,
      isEnough: () => stop.aborted || this.#bytes > end,
      onProgress: (...note) => onNote(note),
    });
    if (!isPlain(wanted)) this.#found = { rows, places };
    return summary;
  }

  found({ from, count }: PageRange): TablePage {
    const { rows, places } = this.#found, to = from + count;
    return {
      rows: rows.slice(from, to),
      places: places?.slice(from, to),
      isEnd: to >= rows.length,
    };
  }

  /** Finds rows for a copy. The page keeps the rows that it found before. */
  async copy(
    columns: readonly number[],
    wanted: Wanted,
    { signal, onNote }: Options,
  ): Promise<Rows> {
    const options = { signal, mostCells: MAX_COPIED_CELLS, onProgress: onNote };
    return (await findRows(this.#table, columns, wanted, options)).rows;
  }

  async keysWith(other: number, { signal }: Options): Promise<string[]> {
    return await findKeys(this.#table, tableOf(other).#table, signal);
  }

  async compare(
    other: number,
    { key, maxRows }: CompareOptions,
    { signal, onNote }: Options,
  ): Promise<RowDifference | undefined> {
    const options = { key, maxRows, signal, onProgress: onNote };
    return await compareRows(this.#table, tableOf(other).#table, options);
  }
}

const tables = new Map<number, WorkerTable>();

function tableOf(id: number): WorkerTable {
  return tables.get(id)!;
}

type Name =
  | "open"
  | "page"
  | "media"
  | "parts"
  | "next"
  | "find"
  | "found"
  | "copy"
  | "keysWith"
  | "compare";

if (!("document" in globalThis) && "postMessage" in globalThis) {
  const page = globalThis as unknown as Worker;
  answer<[number, Name | "close", ...never[]]>(page, ([id, name, ...args], options) => {
    if (name === "close") return void tables.delete(id);
    if (name === "open") tables.set(id, new WorkerTable(page, id));
    const table = tableOf(id);
    return Reflect.apply(table[name], table, [...args, options]);
  });
}

const rules = { createScriptURL: (_: string) => import.meta.url };
/** The policy of the page allows a worker of this script, and no other. */
const policy: typeof rules =
  (globalThis as { trustedTypes?: { createPolicy(name: string, of: typeof rules): typeof rules } })
    .trustedTypes?.createPolicy("table-worker", rules) ?? rules;

/** Starts this script as a worker. */
export function startTableWorker(): Worker {
  return new Worker(policy.createScriptURL(""), { type: "module" });
}
