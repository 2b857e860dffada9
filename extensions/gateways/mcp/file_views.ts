// Parts of a stored file as a model can read them.
import { Buffer } from "node:buffer";
import { giveWay, parseExactJson, type RegistryError, unsupported } from "../../../core/kernel.ts";
import type { File, Part, Reading, Shown } from "./file_part.ts";
import { readRows } from "./table_views.ts";
import { unreadable } from "./tool.ts";

const MOST_BYTES = 32 * 1024;
const MOST_IMAGE = 4 * 1024 * 1024;

/** Reads a part of a file, by default in the format that suits it best. */
export async function showFile(file: File, part: Part, reading: Reading): Promise<Shown> {
  const { path } = file.info;
  const as = viewOf(file, part);
  try {
    if (part.line !== undefined && (as !== "text" || part.offset !== 0)) {
      throw unreadable("`line` is only for text, without `offset`");
    }
    if (as === "image") return await image(file);
    if (as === "rows") return await readRows(file, part, reading);
    const shown = await bytesOf(file, { ...part, as }, reading.signal);
    if (shown === undefined && part.as !== "auto") throw unreadable("not UTF-8 text");
    return shown ?? { as: "binary" };
  } catch (error) {
    const { code, action, message, state = message } = error as RegistryError;
    const isOfContent = code === "Invalid" || action === "read table";
    if (!(error instanceof SyntaxError) && !isOfContent) throw error;
    if (part.as === "auto" && as === "json") {
      return showFile(file, { ...part, as: "text" }, reading);
    }
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
    await giveWay(signal);
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
