// Parts of a stored file as a model can read them.
import * as v from "npm:valibot@^1.5";
import { Buffer } from "node:buffer";
import { invalid, type RegistryError, unsupported } from "../../core/errors.ts";
import { parseExactJson } from "../../core/text/json_text.ts";
import type { Artifact } from "../../mod.ts";
import { createFormats } from "../../formats/mod.ts";
import type { Cell, Table } from "../../formats/csv.ts";
import type { ParquetTable } from "../../formats/parquet.ts";
import { count, fitting, MOST_CHARACTERS } from "./tool.ts";

const VIEWS = ["auto", "text", "json", "rows", "image", "bytes"] as const;

/** The requested part of a file. */
export const PART = v.strictObject({
  as: v.optional(v.pipe(v.picklist(VIEWS), v.description("auto: by the kind of file")), "auto"),
  offset: count(0, "First byte, or row of a table; negative: from the end", -(2 ** 53)),
  line: count(undefined, "First line of a text, from 1; instead of offset"),
  limit: count(200, "Lines or rows. Default 200", 1, 5000),
});

type Part = v.InferOutput<typeof PART>;
type File = ReturnType<Artifact["file"]>;

type Shown = Record<string, unknown>;

const formats = createFormats();
const MOST_BYTES = 32 * 1024;
const MOST_COLUMNS = 200;
const MOST_IMAGE = 4 * 1024 * 1024;
/** Of tables that are compared. */
const MOST_TABLE = 64 * 1024 * 1024, MOST_ROWS = 200_000;

/** Reads a part of a file, by default in the format that suits it best. */
export async function showFile(file: File, part: Part, signal: AbortSignal): Promise<Shown> {
  const { path } = file.info;
  const as = viewOf(file, part);
  try {
    if (part.line !== undefined && (as !== "text" || part.offset !== 0)) {
      throw unreadable("`line` is only for text, without `offset`");
    }
    if (as === "image") return await image(file);
    if (as === "rows") return await rows(file, part);
    const shown = await bytesOf(file, { ...part, as }, signal);
    if (shown === undefined && part.as !== "auto") throw unreadable("not UTF-8 text");
    return shown ?? { as: "binary" };
  } catch (error) {
    const { code, action, message, state = message } = error as RegistryError;
    const isOfContent = code === "Invalid" || action === "read table";
    if (!(error instanceof SyntaxError) && !isOfContent) throw error;
    if (part.as === "auto" && as === "json") return showFile(file, { ...part, as: "text" }, signal);
    throw unsupported("read", JSON.stringify(path), state, {
      hint: 'Pass `as`: "text" or "bytes". Parts of a large file begin at `line` or `offset`.',
    });
  }
}

function viewOf({ info: { path, size, mediaType } }: File, { as, offset, line }: Part): Part["as"] {
  if (as !== "auto") return as;
  if (line !== undefined) return "text";
  if (/\.(png|jpe?g|gif|webp)$/i.test(path)) return "image";
  if (/\.(csv|tsv|parquet)$/i.test(path)) return "rows";
  const isJson = /\.json$/i.test(path) || mediaType === "application/json";
  return isJson && size <= MOST_BYTES && offset === 0 ? "json" : "text";
}

function unreadable(state: string) {
  return invalid("read", undefined, state);
}

/** Reads bytes, or text and JSON; undefined if they are not UTF-8 text. */
async function bytesOf(
  file: File,
  { as, offset, line, limit }: Part,
  signal: AbortSignal,
): Promise<Shown | undefined> {
  const { size } = file.info;
  const asked = line === undefined ? offset : await startOf(file, line, signal);
  const from = Math.min(asked < 0 ? Math.max(0, size + asked) : asked, size);
  if (as === "json" && (from > 0 || size > MOST_BYTES)) {
    throw unreadable("too large to read as JSON");
  }
  const range = { offset: from, length: Math.min(MOST_BYTES, size - from) };
  const bytes = new Uint8Array(await new Response(file.stream(range)).arrayBuffer());
  const nextOf = (length: number) => from + length < size ? from + length : undefined;
  const next = nextOf(bytes.length);
  if (as === "bytes") return { as, base64: Buffer.from(bytes).toString("base64"), next };
  const start = Math.max(0, bytes.findIndex((byte) => (byte & 0xc0) !== 0x80)); // a whole character
  const text = linesOf(bytes.subarray(start), limit, next !== undefined);
  if (text === undefined) return undefined;
  if (as === "json") return { as, json: parseExactJson(text) };
  const shown = { as: "text", text, next: nextOf(start + Buffer.byteLength(text)) };
  if (line === undefined && from > 0) return shown;
  const lastLine = (line ?? 1) + text.split("\n").length - (/(^|\n)$/.test(text) ? 2 : 1);
  const lineCount = shown.next === undefined ? lastLine : undefined;
  return { ...shown, line: line ?? 1, lastLine, lineCount };
}

/** Returns the first byte of a line. Holds one chunk at a time. */
async function startOf(file: File, line: number, signal: AbortSignal): Promise<number> {
  let known = 1, start = 0, read = 0;
  if (line === 1) return 0;
  for await (const chunk of file.stream()) {
    signal.throwIfAborted();
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) {
      start = read + at + 1;
      if (++known === line && start < file.info.size) return start;
    }
    read += chunk.length;
  }
  throw unreadable(`its last line is ${start === read ? known - 1 : known}`);
}

/** Returns whole lines, or the beginning of a long one; undefined if it is not UTF-8 text. */
function linesOf(bytes: Uint8Array, limit: number, isCut: boolean): string | undefined {
  if (bytes.includes(0)) return undefined;
  let text: string;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    text = decoder.decode(bytes, { stream: isCut }); // leaves out a character that is cut
  } catch {
    return undefined;
  }
  const lines = text.split("\n");
  if (lines.length > limit) return `${lines.slice(0, limit).join("\n")}\n`;
  return isCut && lines.length > 1 ? text.slice(0, text.lastIndexOf("\n") + 1) : text;
}

/** Returns an image, recognized by its first bytes. */
async function image(file: File): Promise<Shown> {
  const { size } = file.info;
  if (size > MOST_IMAGE) throw unreadable(`too large for an image: ${size} bytes`);
  const bytes = Buffer.from(await file.bytes());
  const head = bytes.toString("latin1", 0, 12);
  const mimeType = MARKS.find(([mark]) => mark.test(head))?.[1];
  if (mimeType === undefined) throw unreadable("not a PNG, JPEG, GIF or WebP image");
  return { as: "image", image: { type: "image", data: bytes.toString("base64"), mimeType } };
}

const MARKS = [
  [/^\x89PNG/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8/, "image/gif"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
] as const;

/** Returns rows from `offset`. Parquet is read by ranges, text from its beginning. */
async function rows(file: File, { offset, limit }: Part): Promise<Shown> {
  const table = await openTable(file) as Table & Partial<ParquetTable> | undefined;
  if (table === undefined) throw unreadable("not a CSV, TSV or Parquet table");
  if (offset < 0) throw unreadable("rows are only counted from the beginning");
  const { rowCount, columns } = table;
  const names = columns.slice(0, MOST_COLUMNS).map(({ name }) => name);
  const moreColumns = columns.length - names.length || undefined;
  const range = rowCount === undefined ? {} : { from: offset, to: offset + limit + 1 };
  let [skip, size] = [rowCount === undefined ? offset : 0, 0];
  const found: Record<string, unknown>[] = [];
  for await (const row of table.rows(range)) {
    if (skip-- > 0) continue;
    found.push(Object.fromEntries(names.map((name) => [name, plain(row[name] ?? null)])));
    if (found.length > limit || size > MOST_CHARACTERS) break; // one more: rows follow
    size += JSON.stringify(found.at(-1)).length;
  }
  const shown = fitting(found.slice(0, limit));
  const next = shown.length < found.length ? offset + shown.length : undefined;
  return { as: "rows", columns: names, moreColumns, rowCount, rows: shown, next };
}

/** Opens a table by its extension; undefined for other files. */
async function openTable(file: File): Promise<Table | undefined> {
  const { path, size } = file.info;
  if (!/\.(csv|tsv|parquet)$/i.test(path)) return undefined;
  const stream: File["stream"] = (range) => file.stream(range);
  const format = /\.parquet$/i.test(path)
    ? await formats.get("parquet", { localTimes: "text" })
    : await formats.forPath(path);
  return await format?.decode({ path, size, bytes: () => file.bytes(), stream }) as Table;
}

/** Returns a cell as JSON: numbers that JSON cannot hold as strings, long strings cut. */
function plain(cell: Cell): unknown {
  if (typeof cell === "bigint") {
    return Number.isSafeInteger(Number(cell)) ? Number(cell) : `${cell}`;
  }
  if (typeof cell === "string" && cell.length > 1000) return `${cell.slice(0, 1000)}…`;
  return typeof cell === "number" && !Number.isFinite(cell) ? String(cell) : cell;
}

/** Reads the statistics of a table; undefined for other files, and for large ones. */
export async function readStatistics(file: File) {
  const table = file.info.size > MOST_TABLE ? undefined : await openTable(file);
  if (table === undefined) return undefined;
  const { columns } = table;
  const counts = columns.slice(0, MOST_COLUMNS).map(({ name }) => ({ ...EMPTY, name }));
  let rows = 0;
  for await (const row of table.rows()) {
    if (++rows > MOST_ROWS) break;
    for (const count of counts) add(count, row[count.name] ?? null);
  }
  return {
    rows: Math.min(rows, MOST_ROWS),
    onlyFirstRows: rows > MOST_ROWS || undefined,
    moreColumns: columns.length - counts.length || undefined,
    columns: Object.fromEntries(counts.map(({ name, empty, numbers, others, sum, min, max }) => {
      if (others > 0 || numbers === 0) return [name, { empty }];
      return [name, { empty, min, max, mean: Number((sum / numbers).toPrecision(6)) }];
    })),
  };
}

const EMPTY = { empty: 0, numbers: 0, others: 0, sum: 0, min: Infinity, max: -Infinity };

/** Counts a cell. Cells of CSV are strings, also those that are numbers. */
function add(count: typeof EMPTY, cell: Cell): void {
  if (cell === null || `${cell}`.trim() === "") return void count.empty++;
  const value = typeof cell === "boolean" || cell instanceof Date ? NaN : Number(cell);
  const isRounded = /^[+-]?\d+$/.test(`${cell}`) && !Number.isSafeInteger(value);
  if (!Number.isFinite(value) || isRounded) return void count.others++;
  count.numbers++;
  count.sum += value;
  count.min = Math.min(count.min, value);
  count.max = Math.max(count.max, value);
}
