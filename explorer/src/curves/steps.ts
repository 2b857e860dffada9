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

/** Files of a version that are opened, and columns that are read. */
const MOST_FILES = 8;
const MOST_COLUMNS = 50;
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
  const columns: { name: string; type: string }[] = [];
  const places = new Map<string, number>();
  const leftOut = new Set<string>();
  const rowOf = (line: string) => {
    const row: Cell[] = [];
    for (const [name, value] of numbersIn(parseLine(line))) {
      if (columns.length === MOST_COLUMNS && !places.has(name)) {
        if (leftOut.size < MOST_COLUMNS) leftOut.add(name);
        continue;
      }
      if (!places.has(name)) places.set(name, columns.push({ name, type: "number" }) - 1);
      row[places.get(name)!] = value;
    }
    return row;
  };
  const rowsOf = (lines: readonly string[]) => lines.map(rowOf).filter(({ length }) => length > 0);
  rowsOf((await file.text(HEAD_BYTES, signal)).text.split("\n"));
  return {
    columns,
    leftOut,
    async *parts(_, signal) {
      let rest = "";
      const decoder = new TextDecoder();
      for await (const bytes of fileToDecode(file, signal).stream()) {
        const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
        rest = lines.pop()!;
        yield { rows: rowsOf(lines) };
        if (rest.length <= MOST_LINE) continue;
        const state = `a line exceeds ${MOST_LINE} characters`;
        throw fault({ code: "Unsupported", action: "preview", subject: file.path, state });
      }
      yield { rows: rowsOf([rest]) };
    },
  };
}

/** Objects in objects that have values. */
const MOST_DEPTH = 5;

/** Yields the numbers of an object, and of objects in it: `test.loss`. */
function* numbersIn(values: object, prefix = "", depth = 1): Generator<[string, Cell]> {
  for (const [name, value] of Object.entries(values)) {
    const isNumber = typeof value === "number" || /^(NaN|-?Infinity)$/.test(`${value}`);
    if (isNumber) yield [prefix + name, value];
    else if (isObject(value) && depth < MOST_DEPTH) {
      yield* numbersIn(value, `${prefix}${name}.`, depth + 1);
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses an object, also with NaN and infinities as Python writes them. */
function parseLine(line: string): object {
  try {
    return Object(JSON.parse(line.replaceAll(/([:[,]\s*)(?:NaN|-?Infinity)\b/g, "$1 1e999")));
  } catch {
    return {}; // a program that is killed leaves half a line
  }
}

/** The numbers of a file by column. NaN stands for a gap, Infinity for NaN and infinities. */
export interface Steps {
  readonly columns: ReadonlyMap<string, readonly number[]>;
  readonly rows: number;
  /** False if more rows follow. */
  readonly isAll: boolean;
  /** Why a later row cannot be read. */
  readonly problem?: string;
  /** Columns that are not read. */
  readonly moreColumns: number;
}

/** Reads rows, up to a limit of numbers or a row that cannot be read. */
export async function readSteps(
  { source }: StepFile,
  { most, signal }: { most: number; signal?: AbortSignal },
): Promise<Steps> {
  const chosen = source.columns.map((_, i) => i).slice(0, MOST_COLUMNS);
  const read: number[][] = [];
  let [rows, isAll] = [0, true];
  let problem: string | undefined;
  try {
    reading: for await (const part of source.parts(chosen, signal)) {
      for (const row of part.rows) {
        isAll = rows * read.length < most;
        if (!isAll) break reading;
        while (read.length < row.length) read.push(new Array(rows).fill(NaN));
        for (const [i, values] of read.entries()) values.push(stepNumber(row[i] ?? null));
        rows++;
      }
    }
  } catch (error) {
    if (rows === 0 || signal?.aborted) throw error;
    problem = (error as Error).message;
    isAll = false;
  }
  const named = read.map((values, i) => [source.columns[i]!.name, values] as const);
  const columns = new Map(named.filter(([, all]) => !all.every(Number.isNaN)));
  const moreColumns = source.columns.length - chosen.length + (source.leftOut?.size ?? 0);
  return { columns, rows, isAll, problem, moreColumns };
}

function stepNumber(cell: Cell): number {
  const number = numberOf(cell) ?? NaN;
  if (Number.isNaN(number)) {
    return /^\s*[+-]?(nan|inf(inity)?)\s*$/i.test(`${cell}`) ? Infinity : NaN;
  }
  return Math.abs(number) > MAX_NUMBER ? Infinity : number;
}
