// Reads tar files: header by header, where what lies between is passed over.
import type { ByteRange } from "../../core/backend.ts";
import { bytesFile } from "../content/content.ts";
import { openWindow } from "../content/window.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileMode } from "../../core/record.ts";
import {
  checkLimits,
  corruptArchive,
  entriesProblem,
  entryPath,
  linkProblem,
  unsupportedArchive,
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

/** What is read of the file at once, to find headers in, bytes. */
const WINDOW_BYTES = 64 * 1024 + BLOCK_BYTES;
/** The longest name, target or pax header that is read, bytes. */
const MAX_LONG_BYTES = 64 * 1024;
/** Headers that change what the next one says. */
const BEFORE = [TYPES.pax, TYPES.paxForAll, TYPES.longName, TYPES.longTarget];

/** What one header says with what stood before it. */
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
  const files = new Map<string, ArchiveEntry>();
  let bytes = 0;
  for await (const found of readHeaders(file, signal)) {
    const entry = entryOf(file, found, files);
    if (entry === undefined) continue;
    entries.push(entry);
    if (entry.mode === undefined || entry.mode === "executable") files.set(entry.path, entry);
    bytes += entry.size;
    checkLimits(file.path, { entries: entries.length, bytes }, limits);
  }
  const problem = entriesProblem(entries);
  if (problem !== undefined) throw corruptArchive(file.path, problem);
  return entries;
}

/** The headers of entries, with what stands before each, up to a block of zeros. */
async function* readHeaders(file: FileToDecode, signal?: AbortSignal): AsyncGenerator<Found> {
  const { path, size: end } = file;
  if (end < BLOCK_BYTES) throw corruptArchive(path, "it is no tar file");
  const refuse = () => corruptArchive(path, "it has no end");
  const read = openWindow(file, { end, aheadBytes: WINDOW_BYTES, refuse, signal });
  const forAll = new Map<string, string>();
  let before = new Map<string, string>();
  let place = 0;
  for (let at = 0;;) {
    const block = await read(at, BLOCK_BYTES);
    if (block.every((byte) => byte === 0)) return;
    const header = parseTarHeader(file.path, block, at);
    const offset = at + BLOCK_BYTES;
    if (BEFORE.includes(header.type)) {
      if (header.size > MAX_LONG_BYTES) {
        throw unsupportedArchive(
          file.path,
          `the names of the header at ${at} have ${header.size} bytes`,
        );
      }
      const content = await read(offset, header.size);
      const records = recordsOf(file.path, header.type, content, at);
      const target = header.type === TYPES.paxForAll ? forAll : before;
      for (const [key, value] of records) target.set(key, value);
    } else {
      const whole = withRecords(file.path, header, new Map([...forAll, ...before]), at);
      yield { header: whole, offset, place: place++ };
      before = new Map();
      header.size = whole.size;
    }
    at = offset + Math.ceil(header.size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

/** GNU tar has long names as contents of their own, pax has them as records. */
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
  const sparse = [...records.keys()].find((key) => key.startsWith("GNU.sparse."));
  if (sparse !== undefined) {
    throw unsupportedArchive(archive, `the header at ${at} is that of a sparse file`);
  }
  const said = records.get("size") || `${header.size}`;
  const size = /^\d+$/.test(said) ? Number(said) : NaN;
  if (!Number.isSafeInteger(size)) {
    throw corruptArchive(archive, `the header at ${at} has the size ${shown(said)}`);
  }
  const name = records.get("path") || header.name;
  const isFolder = header.type === TYPES.folder ||
    (header.type === TYPES.file && name.endsWith("/"));
  const type = header.type === TYPES.contiguous
    ? TYPES.file
    : isFolder
    ? TYPES.folder
    : header.type;
  return {
    ...header,
    type,
    name,
    target: records.get("linkpath") || header.target,
    size: type === TYPES.file ? size : 0, // links and folders may say one, and have no content
  };
}

function entryOf(
  file: FileToDecode,
  { header, offset, place }: Found,
  files: ReadonlyMap<string, ArchiveEntry>,
): ArchiveEntry | undefined {
  const { type, size, target, permissions } = header;
  const path = entryPath(file.path, header.name, place);
  if (type === TYPES.folder) return path === "" ? undefined : memoryEntry(path, "folder", "");
  if (path === "") throw corruptArchive(file.path, `entry ${place} has no name`);
  if (type === TYPES.link) {
    const problem = linkProblem(path, new TextEncoder().encode(target));
    if (problem !== undefined) {
      throw corruptArchive(file.path, `the link ${shown(path)} is none: ${problem}`);
    }
    return memoryEntry(path, "link", target);
  }
  if (type === TYPES.hardLink) {
    const same = files.get(entryPath(file.path, target, place));
    if (same === undefined) {
      throw corruptArchive(
        file.path,
        `${shown(path)} is the same as ${shown(target)}, which is not there`,
      );
    }
    return { ...same, path };
  }
  if (type !== TYPES.file) {
    throw unsupportedArchive(
      file.path,
      `entry ${place}, ${shown(path)}, is of type ${shown(type)}`,
    );
  }
  if (offset + size > file.size) throw corruptArchive(file.path, `${shown(path)} is cut off`);
  const stream = (range?: ByteRange) => partOf(file, offset, size, range);
  const mode: FileMode | undefined = (permissions & 0o111) === 0 ? undefined : "executable";
  const bytes = () => readPart(file, { offset, length: size });
  return { path, size, ...mode !== undefined && { mode }, bytes, stream };
}

function memoryEntry(path: string, mode: FileMode, text: string): ArchiveEntry {
  return { ...bytesFile(path, new TextEncoder().encode(text)), mode };
}
