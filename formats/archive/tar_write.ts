// Writes tar files as ustar, with pax headers for values that do not fit
// (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13). Entries are
// streamed. Owners are 0, and times 1970-01-01 unless entries have some, so that equal entries make
// equal archives.
import { concatBytes, plainBytes } from "../../core/bytes/bytes.ts";
import { contentSize, contentStream } from "../content/content.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";
import { giveWay } from "../../core/work/next_turn.ts";
import { unwritable } from "./entries.ts";
import {
  BLOCK_BYTES,
  encodePax,
  encodeTarHeader,
  fitsTarHeader,
  MAX_OCTAL_SIZE,
  TYPES,
  type WrittenHeader,
} from "./tar_header.ts";
import type { WrittenEntry } from "./written_entries.ts";

const KINDS: Record<FileMode | "file", { type: string; permissions: number }> = {
  file: { type: TYPES.file, permissions: 0o644 },
  executable: { type: TYPES.file, permissions: 0o755 },
  link: { type: TYPES.link, permissions: 0o777 },
  folder: { type: TYPES.folder, permissions: 0o755 },
};
/** The name that programs without pax support see instead of a longer one. */
const NAME_ELSEWHERE = "pax-path";
const END_BYTES = 2 * BLOCK_BYTES;

export async function* writeTar(entries: AsyncIterable<WrittenEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const header = headerOf(entry);
    yield* headersOf(header);
    if (header.type === TYPES.file) yield* piecesOf(entry.content);
    yield new Uint8Array(paddingOf(header.size));
  }
  yield new Uint8Array(END_BYTES);
}

async function* piecesOf(content: WrittenEntry["content"]): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield plainBytes(content).slice();
  else for await (const piece of contentStream(content)) yield plainBytes(piece).slice();
}

/** Returns the size of the archive that {@linkcode writeTar} makes of entries, bytes. */
export async function tarSize(
  entries: Iterable<WrittenEntry> | AsyncIterable<WrittenEntry>,
): Promise<number> {
  let size = END_BYTES;
  for await (const entry of entries) {
    const header = headerOf(entry);
    for (const block of headersOf(header)) size += block.byteLength;
    size += header.size + paddingOf(header.size);
    await giveWay();
  }
  return size;
}

function paddingOf(size: number): number {
  const rest = size % BLOCK_BYTES;
  return rest === 0 ? 0 : BLOCK_BYTES - rest;
}

function headerOf(entry: WrittenEntry): WrittenHeader {
  const { path, mode = "file", content, modifiedAt } = entry;
  const size = KINDS[mode].type === TYPES.file ? contentSize(content) : 0;
  if (size === undefined) {
    throw unwritable(`${shown(path)} is a stream, but tar stores sizes before contents`);
  }
  const name = mode === "folder" ? `${path}/` : path;
  const target = mode === "link" ? new TextDecoder().decode(content as Uint8Array) : "";
  return { ...KINDS[mode], name, target, size, modifiedAt };
}

/** Returns the header of a readable file. Its owner is 0, and its time 1970-01-01. */
export function tarHeader(path: string, size: number): Uint8Array {
  return concatBytes([...headersOf({ ...KINDS.file, name: path, target: "", size })]);
}

function* headersOf(header: WrittenHeader): Generator<Uint8Array> {
  const { name, target, size } = header;
  const records = new Map<string, string>();
  if (!fitsTarHeader(name)) records.set("path", name);
  if (!fitsTarHeader(target)) records.set("linkpath", target);
  if (size > MAX_OCTAL_SIZE) records.set("size", `${size}`);
  if (records.size > 0) {
    const content = encodePax(records);
    const type = TYPES.pax;
    const size = content.byteLength;
    yield encodeTarHeader({ name: NAME_ELSEWHERE, target: "", type, permissions: 0o644, size });
    yield content;
    yield new Uint8Array(paddingOf(content.byteLength));
  }
  yield encodeTarHeader({
    ...header,
    name: records.has("path") ? NAME_ELSEWHERE : name,
    target: records.has("linkpath") ? NAME_ELSEWHERE : target,
    size: records.has("size") ? 0 : size,
  });
}
