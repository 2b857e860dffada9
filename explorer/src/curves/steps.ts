// Files with a row for each step of a training: found in a version, and read up to a limit.
import { fault, isRegistryError } from "../../../core/errors.ts";
import type { Cell } from "../../../formats/tables/table.ts";
import type { ArtifactFile, ArtifactVersion } from "../artifact_file.ts";
import { MAX_NUMBER } from "../format/format.ts";
import { fileToDecode } from "../previews/file_to_decode.ts";
import { hasRows } from "../previews/kind.ts";
import { numberOf } from "../previews/tables/cells.ts";
import { openTable, type TableSource } from "../previews/tables/table_source.ts";
import { isJsonLines } from "../previews/text/json_value.ts";
import { axesOf } from "./axes.ts";
import { MOST_AXES, MOST_COLUMNS, PointLines } from "./point_lines.ts";

/** Numbers that are read, over all versions or runs. */
export const MOST_NUMBERS = 4_000_000;
/** Files of a version that are opened. */
const MOST_FILES = 8;
const HEAD_BYTES = 256 * 1024;
/** Longer lines end the rows. */
const MOST_LINE = 4 * 1024 * 1024;

export interface StepFile {
  readonly file: ArtifactFile;
  readonly source: Pick<TableSource, "columns" | "parts"> & {
    /** Names of numbers that are no columns, up to {@linkcode MOST_COLUMNS}. */
    readonly leftOut?: ReadonlySet<string>;
  };
}

/** Returns how many tables of a version are not searched for steps. */
export function tablesLeftOut({ files }: ArtifactVersion): number {
  return Math.max(0, files.filter(hasRows).length - MOST_FILES);
}

/** Opens the files that have a column of steps, or that `curves` of the metadata names. */
export async function findSteps(
  { files, metadata }: ArtifactVersion,
  signal?: AbortSignal,
): Promise<StepFile[]> {
  const isNamed = ({ path }: ArtifactFile) => [metadata.curves].flat().includes(path);
  const tables = files.filter(hasRows).sort((a, b) => Number(isNamed(b)) - Number(isNamed(a)));
  const curves = await Promise.all(
    tables.slice(0, MOST_FILES).map(async (file) => {
      try {
        const source = await (isJsonLines(file) ? openLines : openTable)(file, signal);
        const numbers = source.columns.filter(({ type }) => type === "number" || type === "int64");
        const isFound = isNamed(file) || axesOf(numbers.map(({ name }) => name)).length > 0;
        return isFound && source.columns.length > 1 ? [{ file, source }] : [];
      } catch (error) {
        if (!isRegistryError(error)) throw error;
        return []; // its preview says why
      }
    }),
  );
  return curves.flat();
}

async function openLines(file: ArtifactFile, signal?: AbortSignal): Promise<StepFile["source"]> {
  const lines = new PointLines();
  lines.rowsOf((await headOf(file, signal)).split("\n"));
  return {
    columns: lines.columns,
    leftOut: lines.leftOut,
    async *parts(_, signal) {
      let rest = "";
      const decoder = new TextDecoder();
      for await (const bytes of fileToDecode(file, signal).stream()) {
        const whole = (rest + decoder.decode(bytes, { stream: true })).split("\n");
        rest = whole.pop()!;
        yield { rows: lines.rowsOf(whole) };
        if (rest.length <= MOST_LINE) continue;
        const state = `a line exceeds ${MOST_LINE} characters`;
        throw fault({ code: "Unsupported", action: "preview", subject: file.path, state });
      }
      yield { rows: lines.rowsOf([rest]) };
    },
  };
}

/** Returns the beginning of a file, with one line at least. */
async function headOf(file: ArtifactFile, signal?: AbortSignal): Promise<string> {
  const { text, truncated } = await file.text(HEAD_BYTES, signal);
  if (!truncated || text.includes("\n")) return text;
  return (await file.text(MOST_LINE, signal)).text;
}

/** The numbers of a column, and the rows that have them. Missing cells take no memory. */
export interface Numbers {
  /** Ascending. */
  readonly rows: readonly number[];
  /** Also NaN and infinities. */
  readonly values: readonly number[];
}

/** The numbers of a file by column. */
export interface Steps {
  readonly columns: ReadonlyMap<string, Numbers>;
  readonly rows: number;
  /** False if more rows follow. */
  readonly isAll: boolean;
  /** Why a later row cannot be read. */
  readonly problem?: string;
  /** Columns that are not read. */
  readonly moreColumns: number;
}

/** Columns that grow. */
export class GrowingSteps {
  readonly #read: { rows: number[]; values: number[] }[] = [];
  rows = 0;
  numbers = 0;

  /** Adds a row of cells. */
  add(row: readonly (Cell | undefined)[]): void {
    while (this.#read.length < row.length) this.#read.push({ rows: [], values: [] });
    let i = 0;
    for (const { rows, values } of this.#read) {
      const value = stepNumber(row[i++] ?? null);
      if (value === undefined) continue;
      rows.push(this.rows);
      values.push(value);
      this.numbers++;
    }
    this.rows++;
  }

  /** Returns the columns that have numbers, by their names. */
  named(nameOf: (index: number) => string): ReadonlyMap<string, Numbers> {
    const named = this.#read.map((numbers, i) => [nameOf(i), numbers] as const);
    return new Map(named.filter(([, { values }]) => values.length > 0));
  }
}

/** Reads rows, up to a limit of numbers or a row that cannot be read. */
export async function readSteps(
  { source }: StepFile,
  { most, signal }: { most: number; signal?: AbortSignal },
): Promise<Steps> {
  const chosen = chosenColumns(source.columns);
  const read = new GrowingSteps();
  let isAll = true;
  let problem: string | undefined;
  try {
    reading: for await (const part of source.parts(chosen, signal)) {
      for (const row of part.rows) {
        isAll = read.numbers < most;
        if (!isAll) break reading;
        read.add(row);
      }
    }
  } catch (error) {
    if (read.rows === 0 || signal?.aborted) throw error;
    problem = (error as Error).message;
    isAll = false;
  }
  const columns = read.named((i) => source.columns[chosen[i] ?? i]!.name);
  const moreColumns = source.leftOut?.size ?? source.columns.length - chosen.length;
  return { columns, rows: read.rows, isAll, problem, moreColumns };
}

/** Returns which columns are read: those of steps first, and as many others as there is room for. */
function chosenColumns(columns: StepFile["source"]["columns"]): number[] {
  const axes = new Set(axesOf(columns.map(({ name }) => name)).slice(0, MOST_AXES));
  let others = 0;
  return columns.flatMap(({ name }, i) => axes.has(name) || others++ < MOST_COLUMNS ? [i] : []);
}

/** Returns the number of a cell; undefined for a word, or for none. */
function stepNumber(cell: Cell): number | undefined {
  if (cell === null) return undefined;
  const number = typeof cell === "number" ? cell : numberOf(cell);
  if (number === undefined) return writtenNumber(cell);
  return Math.abs(number) > MAX_NUMBER ? Math.sign(number) * Infinity : number;
}

/** Returns the number that words stand for, as pandas reads them. */
function writtenNumber(cell: Cell): number | undefined {
  const [, sign, word] = /^\s*([+-]?)(nan|inf)(?:inity)?\s*$/i.exec(`${cell}`) ?? [];
  if (word === undefined) return undefined;
  if (/nan/i.test(word)) return NaN;
  return sign === "-" ? -Infinity : Infinity;
}
