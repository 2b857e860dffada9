// JSON Lines as a table: a column for each member, also of objects in objects (`data.rows`).
import { corrupt } from "../../../../../core/errors.ts";
import { forEachChunk } from "../../../../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../../../../core/file_store.ts";
import type { Cell } from "../../../../../formats/tables/table.ts";
import { ExactNumber, parseJson } from "../../text/json_value.ts";
import { numberWord } from "../cells.ts";
import type { TableReader } from "../table_reader.ts";
import { rowsTable } from "./rows_table.ts";

/** Bytes that are read of a file. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_COLUMNS = 1000;
/** Objects in objects that have columns. */
const MAX_DEPTH = 4;
/** Lines after which other work of the worker has its turn. */
const LINES_AT_ONCE = 2000;

/** Opens lines of JSON, up to a limit. */
export async function openJsonLines(
  file: FileToDecode,
  signal?: AbortSignal,
): Promise<TableReader> {
  const length = Math.min(file.size, MAX_BYTES);
  const isCut = length < file.size;
  const lines = await linesOf(file, length, signal);
  const rest = lines.pop() ?? "";
  if (!isCut && rest.trim() !== "") lines.push(rest);
  const columns = new MemberColumns();
  for (const [i, line] of lines.entries()) {
    if (i % LINES_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    if (line.trim() === "") continue;
    const isLast = i === lines.length - 1 && rest !== "";
    const value = valueOf(line, { path: file.path, number: i + 1, isLast });
    if (value !== undefined) columns.add(value);
  }
  if (columns.rowCount === 0) throw corrupt("preview", file.path, "it has no lines of JSON");
  return rowsTable({
    columns: columns.all(),
    rowCount: columns.rowCount,
    cellAt: (column, row) => columns.cellAt(column, row),
    isPart: isCut,
    note: noteOf(columns, isCut),
  });
}

function noteOf({ rowCount, leftOut }: MemberColumns, isCut: boolean): string | undefined {
  const notes = [
    ...isCut ? [`Read up to line ${rowCount}.`] : [],
    ...leftOut > 0 ? [`Only the first ${MAX_COLUMNS} columns are shown.`] : [],
  ];
  return notes.length === 0 ? undefined : notes.join(" ");
}

async function linesOf(file: FileToDecode, length: number, signal?: AbortSignal) {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let rest = "";
  if (length > 0) {
    await forEachChunk(file.stream({ offset: 0, length }), (chunk) => {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) lines.push(part);
    }, signal);
  }
  return [...lines, rest];
}

/** Parses a line. A program that is killed leaves half of the last one, which is left out. */
function valueOf(line: string, { path, number, isLast }: {
  path: string;
  number: number;
  isLast: boolean;
}): unknown {
  try {
    return parseJson(line);
  } catch (error) {
    if (isLast) return undefined;
    const state = `line ${number} is not JSON: ${(error as Error).message}`;
    throw corrupt("preview", path, state, { hint: "Show it as a tree, or as text." });
  }
}

/** Columns that grow with the rows. */
class MemberColumns {
  rowCount = 0;
  /** Members without a column. */
  leftOut = 0;
  readonly #cells = new Map<string, Cell[]>();
  #columns: Cell[][] = [];

  add(value: unknown): void {
    if (isObject(value)) this.#addMembers(value, "", 0);
    else this.#set("value", value);
    this.rowCount++;
  }

  all(): { name: string; type: string }[] {
    this.#columns = [...this.#cells.values()];
    return Array.from(this.#cells, ([name, cells]) => ({ name, type: typeOf(cells) }));
  }

  cellAt(column: number, row: number): Cell {
    return this.#columns[column]?.[row] ?? null;
  }

  #addMembers(object: object, prefix: string, depth: number): void {
    for (const [name, value] of Object.entries(object)) {
      const isInner = isObject(value) && depth < MAX_DEPTH && Object.keys(value).length > 0;
      if (isInner) this.#addMembers(value, `${prefix}${name}.`, depth + 1);
      else this.#set(prefix + name, value);
    }
  }

  #set(name: string, value: unknown): void {
    let cells = this.#cells.get(name);
    if (cells === undefined) {
      if (this.#cells.size >= MAX_COLUMNS) return void this.leftOut++;
      this.#cells.set(name, cells = []);
    }
    cells[this.rowCount] = cellOf(value);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof ExactNumber);
}

function cellOf(value: unknown): Cell {
  if (value instanceof ExactNumber) return numberOf(value.text);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value as Cell;
}

function numberOf(text: string): Cell {
  if (/^-?[1-9]\d*$/.test(text)) return BigInt(text);
  if (!/\d/.test(text)) return numberWord(text);
  const number = Number(text);
  const isOther = !Number.isFinite(number) ||
    number === 0 && /[1-9]/.test(text.replace(/e.*/i, ""));
  return isOther ? text : number; // other digits after the seventeenth are not sorted by
}

/** Returns the type that all cells of a column have. Those without a value have any. */
function typeOf(cells: readonly (Cell | undefined)[]): string {
  const types = new Set(
    cells.flatMap((cell) => cell === null || cell === undefined ? [] : [typeof cell]),
  );
  types.delete("undefined");
  const [only] = types;
  if (types.size === 1 && (only === "boolean" || only === "number")) return only;
  const areNumbers = types.size > 0 &&
    [...types].every((type) => type === "number" || type === "bigint");
  return areNumbers ? "int64" : "string";
}
