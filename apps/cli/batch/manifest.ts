// The manifest of a batch: a table of rows as JSON lines or CSV, read piece by piece.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { dirname, extname, resolve } from "node:path";
import { isRegistryError, type RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { parseCsv } from "../../../formats/csv.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { parseExactJson } from "../values/value_source.ts";
import { badRow, type ManifestFormat, type RawRow } from "./raw_row.ts";

export interface Manifest {
  readonly name: string;
  /** What relative paths in it are relative to. */
  readonly folder: string;
  /** Its absolute path; of standard input, the current folder with `-`. */
  readonly place: string;
  readonly format: ManifestFormat;
  /** Whether it can be read more than once. */
  readonly isFile: boolean;
  /** Its rows, in order. A heading with another column than these fails at once. */
  rows(columns?: readonly string[]): AsyncGenerator<RawRow>;
}

const EXTENSIONS: Readonly<Record<string, ManifestFormat>> = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".csv": "csv",
};

/** Finds a manifest: a file, or `-` for standard input, which is JSON lines unless `format` says otherwise. */
export async function findManifest(
  path: string,
  format: ManifestFormat | undefined,
  io: CliIo,
): Promise<Manifest> {
  const isFile = path !== "-";
  const place = resolve(io.cwd, path);
  if (isFile) await checkFile(path, place);
  format ??= isFile ? EXTENSIONS[extname(path).toLowerCase()] : "jsonl";
  if (format === undefined) {
    throw invalid(
      path,
      "its name does not say how it is written",
      "Add --format jsonl or --format csv.",
    );
  }
  return {
    name: isFile ? JSON.stringify(path) : "standard input",
    folder: isFile ? dirname(place) : io.cwd,
    place,
    format,
    isFile,
    async *rows(columns) {
      const stream = isFile
        ? Readable.toWeb(createReadStream(place)) as ReadableStream<Uint8Array>
        : io.stdin.stream();
      const stoppable = stream.pipeThrough(new TransformStream<Uint8Array>(), {
        signal: io.signal,
      });
      try {
        const read = format === "csv" ? csvRows : jsonRows;
        yield* read(stoppable, columns);
      } catch (error) {
        if (io.signal.aborted) throw error;
        const { cause = error } = isRegistryError(error, "Invalid") ? error : {}; // of no CSV: told of the manifest
        if (isRegistryError(cause)) throw cause;
        const state = cause instanceof Error ? cause.message : String(cause);
        throw invalid(
          path,
          state.replace(/\.$/, ""),
          "The command's --help says how it is written.",
          error,
        );
      }
    },
  };
}

async function checkFile(path: string, place: string): Promise<void> {
  const found = await stat(place).catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    throw fault({
      code: "NotFound",
      action: "read manifest",
      subject: JSON.stringify(path),
      state: "there is no such file",
      hint: "Check the path, or give - for standard input.",
      cause,
    });
  });
  if (found.isDirectory()) {
    throw invalid(path, "it is a folder", "Name the file that lists what is to be done.");
  }
}

function invalid(path: string, state: string, hint: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read manifest",
    subject: JSON.stringify(path),
    state,
    hint,
    cause,
  });
}

/** No row is longer, characters: what has no line ends is no manifest. */
const MAX_LINE = 64 * 1024 * 1024;

/** Reads rows; blank lines, and the sums at the end of what a batch says, are none. */
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
    return { line, error: badRow(`it is not JSON (${(cause as Error).message})`, cause) };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let begun = "";
  for await (const chunk of stream) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
    begun = lines.pop()!;
    if (begun.length > MAX_LINE) throw new RangeError("a line of it has no end");
    yield* lines;
  }
  begun += decoder.decode();
  if (begun !== "") yield begun;
}

/** Reads rows; an empty cell is a field that is not given. One of another length than the heading fails alone. */
async function* csvRows(
  stream: ReadableStream<Uint8Array>,
  known?: readonly string[],
): AsyncGenerator<RawRow> {
  let columns: string[] | undefined;
  for await (const { cells, line } of parseCsv(stream)) {
    if (columns === undefined) columns = checkColumns(cells.map((column) => column.trim()), known);
    else if (cells.length !== columns.length) {
      yield {
        line,
        error: badRow(`it has ${cells.length} cells, and there are ${columns.length} columns`),
      };
    } else {
      const named = columns.map((column, i) => [column, cells[i]] as const);
      yield { line, fields: Object.fromEntries(named.filter(([, cell]) => cell !== "")) };
    }
  }
}

function checkColumns(columns: string[], known: readonly string[] = columns): string[] {
  const wrong = columns.find((column) => !known.includes(column));
  if (wrong !== undefined) {
    throw new TypeError(
      `the heading has ${JSON.stringify(wrong)}, which is not one of ${known.join(", ")}`,
    );
  }
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined) throw new TypeError(`column ${JSON.stringify(twice)} is there twice`);
  return columns;
}
