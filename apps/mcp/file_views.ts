// Parts of a stored file as a model can read them.
import { Buffer } from "node:buffer";
import { unsupported } from "../../core/errors.ts";
import { parseExactJson } from "../../core/text/json_text.ts";
import type { Artifact } from "../../mod.ts";
import { createFormats } from "../../formats/mod.ts";
import type { Cell, Table } from "../../formats/csv.ts";
import type { ParquetTable } from "../../formats/parquet.ts";
import { type Content, fitting } from "./tool.ts";

export const VIEWS = ["auto", "text", "json", "rows", "image", "bytes"] as const;

type File = ReturnType<Artifact["file"]>;

/** The requested part. The offset is a row for `rows`, otherwise a byte. */
export interface Part {
  as: (typeof VIEWS)[number];
  /** From the end if negative. */
  offset: number;
  /** Lines or rows. */
  limit: number;
}

export interface Shown {
  as: string;
  text?: string;
  json?: unknown;
  columns?: string[];
  rows?: unknown[];
  rowCount?: number;
  base64?: string;
  image?: Content;
  /** The offset of the next part; absent at the end. */
  next?: number;
}

const formats = createFormats();
const MOST_BYTES = 32 * 1024;
const MOST_IMAGE = 4 * 1024 * 1024;

/** Reads a part of a file, by default in the format that suits it best. */
export async function showFile(file: File, part: Part): Promise<Shown> {
  const { path, size } = file.info;
  const as = part.as === "auto" ? usual(file, part) : part.as;
  if (as === "image") return await image(file);
  if (as === "rows") return await rows(file, part);
  const from = Math.min(part.offset < 0 ? Math.max(0, size + part.offset) : part.offset, size);
  if (as === "json" && (from > 0 || size > MOST_BYTES)) {
    throw unreadable(path, "too large to read as JSON");
  }
  const range = { offset: from, length: Math.min(MOST_BYTES, size - from) };
  const bytes = new Uint8Array(await new Response(file.stream(range)).arrayBuffer());
  const nextOf = (length: number) => from + length < size ? from + length : undefined;
  if (as === "bytes") {
    const base64 = Buffer.from(bytes).toString("base64");
    return { as, base64, next: nextOf(bytes.length) };
  }
  const start = Math.max(0, bytes.findIndex((byte) => (byte & 0xc0) !== 0x80)); // a whole character
  const text = linesOf(bytes.subarray(start), {
    ...part,
    isCut: nextOf(bytes.length) !== undefined,
  });
  if (text === undefined && part.as === "auto") return { as: "binary" };
  if (text === undefined) throw unreadable(path, "not UTF-8 text");
  if (as === "json") return { as, json: parseExactJson(text) };
  return { as: "text", text, next: nextOf(start + Buffer.byteLength(text)) };
}

function usual({ info: { path, size, mediaType } }: File, { offset }: Part): Part["as"] {
  if (/\.(png|jpe?g|gif|webp)$/i.test(path)) return "image";
  if (/\.(csv|tsv|parquet)$/i.test(path)) return "rows";
  const isJson = /\.json$/i.test(path) || mediaType === "application/json";
  return isJson && size <= MOST_BYTES && offset === 0 ? "json" : "text";
}

/** Returns whole lines, or the beginning of a long one; undefined if it is not UTF-8 text. */
function linesOf(
  bytes: Uint8Array,
  { limit, isCut }: { limit: number; isCut: boolean },
): string | undefined {
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
  const { path, size } = file.info;
  if (size > MOST_IMAGE) throw unreadable(path, `too large for an image: ${size} bytes`);
  const bytes = Buffer.from(await file.bytes());
  const head = bytes.toString("latin1", 0, 12);
  const mimeType = MARKS.find(([mark]) => mark.test(head))?.[1];
  if (mimeType === undefined) throw unreadable(path, "not a PNG, JPEG, GIF or WebP image");
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
  if (table === undefined) throw unreadable(file.info.path, "not a CSV, TSV or Parquet table");
  if (offset < 0) throw unreadable(file.info.path, "rows are only counted from the beginning");
  const { rowCount, columns } = table;
  const from = offset;
  const range = rowCount === undefined ? {} : { from, to: from + limit + 1 };
  let skip = rowCount === undefined ? from : 0;
  const found: Record<string, unknown>[] = [];
  for await (const row of table.rows(range)) {
    if (skip-- > 0) continue;
    found.push(Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, plain(cell)])));
    if (found.length > limit) break;
  }
  const shown = fitting(found.slice(0, limit));
  const next = shown.length < found.length ? from + shown.length : undefined;
  return { as: "rows", columns: columns.map(({ name }) => name), rowCount, rows: shown, next };
}

/** Opens a table by its extension; undefined for other files. */
export async function openTable(file: File): Promise<Table | undefined> {
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

function unreadable(path: string, state: string) {
  return unsupported("read", JSON.stringify(path), state, {
    hint: 'Pass `as`: "text" or "bytes", with `offset` for parts of a large file.',
  });
}
