// Reads the headers of tar files and skips contents.
import type { ByteRange } from "../../core/backend.ts";
import { bytesFile } from "../content/content.ts";
import { openWindow } from "../content/window.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";
import {
  checkLimits,
  corrupt,
  entriesProblem,
  entryPath,
  linkProblem,
  unsupported,
} from "./entries.ts";
import type { ArchiveEntry, ArchiveLimits } from "./entries.ts";
import { partOf, readPart } from "./ranges.ts";
import {
  BLOCK_BYTES,
  decodeText,
  parsePax,
  parseTarHeader,
  type TarHeader,
  TYPES,
  untilNul,
} from "./tar_header.ts";

/** Read-ahead for headers. */
const WINDOW_BYTES = 64 * 1024 + BLOCK_BYTES;
/** Longest name, target or pax header, bytes. */
const MAX_LONG_BYTES = 64 * 1024;
/** Headers that modify the next one. */
const BEFORE = [TYPES.pax, TYPES.paxForAll, TYPES.longName, TYPES.longTarget];

/** A header, merged with those that modify it. */
interface Found {
  header: TarHeader;
  offset: number;
  place: number;
}

export async function readTar(
  file: FileToDecode,
  limits: ArchiveLimits,
  signal?: AbortSignal,
): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  let bytes = 0;
  for await (const entry of readTarEntries(file, signal)) {
    entries.push(entry);
    bytes += entry.size;
    checkLimits(file.path, { entries: entries.length, bytes }, limits);
  }
  const problem = entriesProblem(entries);
  if (problem !== undefined) throw corrupt(file.path, problem);
  return entries;
}

/** Yields entries in the order of the file, without limits. Reads their headers only. */
export async function* readTarEntries(
  file: FileToDecode,
  signal?: AbortSignal,
): AsyncGenerator<ArchiveEntry> {
  const files = new Map<string, ArchiveEntry>();
  for await (const header of readHeaders(file, signal)) {
    const entry = entryOf(file, header, files);
    if (entry === undefined) continue;
    if (entry.mode === undefined || entry.mode === "executable") files.set(entry.path, entry);
    yield entry;
  }
}

/** Yields the headers of entries, up to a block of zeros. */
async function* readHeaders(file: FileToDecode, signal?: AbortSignal): AsyncGenerator<Found> {
  const { path, size: end } = file;
  if (end < BLOCK_BYTES) throw corrupt(path, "not a tar file");
  const refuse = () => corrupt(path, "it has no end marker");
  const read = openWindow(file, { end, aheadBytes: WINDOW_BYTES, refuse, signal });
  const forAll = new Map<string, string>();
  let before = new Map<string, string>();
  let long = new Map<string, string>(); // pax records replace them in any order, as in GNU tar
  let place = 0;
  for (let at = 0;;) {
    const block = await read(at, BLOCK_BYTES);
    if (block.every((byte) => byte === 0)) return;
    const header = parseTarHeader(file.path, block, at);
    const offset = at + BLOCK_BYTES;
    if (BEFORE.includes(header.type)) {
      if (header.size > MAX_LONG_BYTES) {
        throw unsupported(path, `the header at ${at} has names of ${header.size} bytes`);
      }
      const content = await read(offset, header.size);
      const records = recordsOf(file.path, header.type, content, at);
      const target = { [TYPES.paxForAll]: forAll, [TYPES.pax]: before }[header.type] ?? long;
      for (const [key, value] of records) target.set(key, value);
    } else {
      const whole = withRecords(file.path, header, new Map([...forAll, ...long, ...before]), at);
      yield { header: whole, offset, place: place++ };
      before = new Map();
      long = new Map();
      header.size = whole.size;
    }
    at = offset + Math.ceil(header.size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

/** Parses the long names of GNU tar, or the records of pax. */
function recordsOf(
  archive: string,
  type: string,
  content: Uint8Array,
  at: number,
): ReadonlyMap<string, string> {
  if (type === TYPES.pax || type === TYPES.paxForAll) return parsePax(archive, content, at);
  const text = decodeText(archive, untilNul(content), at);
  return new Map([[type === TYPES.longName ? "path" : "linkpath", text]]);
}

function withRecords(
  archive: string,
  header: TarHeader,
  records: ReadonlyMap<string, string>,
  at: number,
): TarHeader {
  if ([...records.keys()].some((key) => key.startsWith("GNU.sparse."))) {
    throw unsupported(archive, `the header at ${at} is that of a sparse file`);
  }
  const sizeText = records.get("size") || `${header.size}`;
  const size = /^\d+$/.test(sizeText) ? Number(sizeText) : NaN;
  if (!Number.isSafeInteger(size)) {
    throw corrupt(archive, `invalid size ${shown(sizeText)} in the header at ${at}`);
  }
  const name = records.get("path") || header.name;
  const target = records.get("linkpath") || header.target;
  let type = header.type === TYPES.contiguous ? TYPES.file : header.type;
  if (header.type === TYPES.file && name.endsWith("/")) type = TYPES.folder;
  // Links and folders may declare a size, but have no content.
  return { ...header, type, name, target, size: type === TYPES.file ? size : 0 };
}

function entryOf(
  file: FileToDecode,
  { header, offset, place }: Found,
  files: ReadonlyMap<string, ArchiveEntry>,
): ArchiveEntry | undefined {
  const { type, size, target, permissions } = header;
  const path = entryPath(file.path, header.name, place);
  if (type === TYPES.folder) return path === "" ? undefined : memoryEntry(path, "folder", "");
  if (path === "") throw corrupt(file.path, `entry ${place} has no name`);
  if (type === TYPES.link) {
    const problem = linkProblem(path, new TextEncoder().encode(target));
    if (problem !== undefined) throw corrupt(file.path, `invalid link ${shown(path)}: ${problem}`);
    return memoryEntry(path, "link", target);
  }
  if (type === TYPES.hardLink) {
    const same = files.get(entryPath(file.path, target, place));
    if (same === undefined) {
      const state = `${shown(path)} is a hard link to ${shown(target)}, which is missing`;
      throw corrupt(file.path, state);
    }
    return { ...same, path };
  }
  if (type !== TYPES.file) {
    throw unsupported(file.path, `entry ${place}, ${shown(path)}, is of type ${shown(type)}`);
  }
  if (offset + size > file.size) throw corrupt(file.path, `${shown(path)} is truncated`);
  const stream = (range?: ByteRange) => partOf(file, offset, size, range);
  const mode: FileMode | undefined = (permissions & 0o111) === 0 ? undefined : "executable";
  const bytes = () => readPart(file, { offset, length: size });
  return { path, size, ...mode !== undefined && { mode }, bytes, stream };
}

function memoryEntry(path: string, mode: FileMode, text: string): ArchiveEntry {
  return { ...bytesFile(path, new TextEncoder().encode(text)), mode };
}
