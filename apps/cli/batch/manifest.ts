// The manifest of a batch: rows as JSON Lines or CSV, streamed.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { dirname, extname, resolve } from "node:path";
import { isRegistryError, type RegistryError } from "../../../mod.ts";
import { parseExactJson } from "../../../core/text/json_text.ts";
import { parseCsv } from "../../../formats/csv.ts";
import { invalid, notFound } from "../terminal/hints.ts";
import { type CliIo, stoppable } from "../terminal/cli_io.ts";
import { badRow, type ManifestFormat, type RawRow } from "./rows.ts";

export interface Manifest {
  readonly name: string;
  /** The base of relative paths. */
  readonly folder: string;
  /** Its absolute path; for standard input, the current folder with `-`. */
  readonly path: string;
  readonly format: ManifestFormat;
  /** True if it can be read again. */
  readonly isFile: boolean;
  /** Reads the rows in order. A heading with columns other than these fails at once. */
  rows(columns?: readonly string[]): AsyncGenerator<RawRow>;
}

const EXTENSIONS: Readonly<Record<string, ManifestFormat>> = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".csv": "csv",
};

/** Finds a manifest: a file, or `-` for standard input, by default JSON Lines. */
export async function findManifest(
  name: string,
  format: ManifestFormat | undefined,
  io: CliIo,
): Promise<Manifest> {
  const isFile = name !== "-";
  const path = resolve(io.cwd, name);
  if (isFile) await checkFile(name, path);
  format ??= isFile ? EXTENSIONS[extname(name).toLowerCase()] : "jsonl";
  if (format === undefined) {
    const hint = "Add --format jsonl or --format csv.";
    throw invalidManifest(name, "its name does not show its format", hint);
  }
  return {
    name: isFile ? JSON.stringify(name) : "standard input",
    folder: isFile ? dirname(path) : io.cwd,
    path,
    format,
    isFile,
    async *rows(columns) {
      const stream = isFile
        ? Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>
        : io.stdin.stream();
      const input = stoppable(stream, io.signal);
      try {
        yield* (format === "csv" ? csvRows : jsonRows)(input, columns);
      } catch (error) {
        if (io.signal.aborted) throw error;
        // Unwraps errors of the CSV parser.
        const { cause = error } = isRegistryError(error, "Invalid") ? error : {};
        if (isRegistryError(cause)) throw cause;
        const state = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, "");
        throw invalidManifest(name, state, "See the format in --help of the command.", error);
      }
    },
  };
}

async function checkFile(name: string, path: string): Promise<void> {
  const stats = await stat(path).catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    const hint = "Check the path, or use - for standard input.";
    throw notFound(`read manifest ${JSON.stringify(name)}`, "no such file", hint, cause);
  });
  if (stats.isDirectory()) throw invalidManifest(name, "it is a folder", "Pass a file.");
}

function invalidManifest(
  name: string,
  state: string,
  hint: string,
  cause?: unknown,
): RegistryError {
  return invalid(`read manifest ${JSON.stringify(name)}`, state, hint, cause);
}

/** The longest row, characters. */
const MAX_LINE = 64 * 1024 * 1024;

/** Reads rows. Blank lines, and the summary at the end of the output of a batch, are skipped. */
async function* jsonRows(stream: ReadableStream<Uint8Array>): AsyncGenerator<RawRow> {
  let number = 0;
  for await (const line of linesOf(stream)) {
    number++;
    if (line.trim() !== "" && !line.startsWith(`{"summary":`)) yield rowOf(line, number);
  }
}

function rowOf(text: string, line: number): RawRow {
  try {
    const fields = parseExactJson(text);
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) {
      return { line, fields: fields as Record<string, unknown> };
    }
    return { line, error: badRow("it is not a JSON object") };
  } catch (cause) {
    if (isRegistryError(cause)) return { line, error: cause };
    return { line, error: badRow(`it is not JSON (${(cause as Error).message})`, cause) };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let begun = "";
  for await (const chunk of stream) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
    begun = lines.pop() ?? "";
    if (begun.length > MAX_LINE) throw new RangeError("a line is too long");
    yield* lines;
  }
  begun += decoder.decode();
  if (begun !== "") yield begun;
}

/** Reads rows. An empty cell is a missing field; a row with too many or few cells fails alone. */
async function* csvRows(
  stream: ReadableStream<Uint8Array>,
  known?: readonly string[],
): AsyncGenerator<RawRow> {
  let columns: string[] | undefined;
  for await (const { cells, line } of parseCsv(stream)) {
    if (columns === undefined) columns = checkColumns(cells.map((column) => column.trim()), known);
    else if (cells.length !== columns.length) {
      const state = `it has ${cells.length} cells for ${columns.length} columns`;
      yield { line, error: badRow(state) };
    } else {
      const named = columns.map((column, i) => [column, cells[i]] as const);
      yield { line, fields: Object.fromEntries(named.filter(([, cell]) => cell !== "")) };
    }
  }
}

function checkColumns(columns: string[], known: readonly string[] = columns): string[] {
  const wrong = columns.find((column) => !known.includes(column));
  if (wrong !== undefined) {
    const allowed = known.join(", ");
    throw new TypeError(`column ${JSON.stringify(wrong)} in the heading is not one of ${allowed}`);
  }
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined) throw new TypeError(`duplicate column ${JSON.stringify(twice)}`);
  return columns;
}
