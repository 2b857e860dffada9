// The directory at the end of a ZIP file (.ZIP File Format Specification 6.3.10, sections 4.3.12 to
// 4.3.16 and 4.5.3, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
//
// Refuses what programs read differently: two ends, a gap between directory and end, overlaps.
import type { FileToDecode } from "../../core/file_store.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { FileMode } from "../../core/record.ts";
import {
  type ArchiveLimits,
  checkLimits,
  corrupt,
  entriesProblem,
  entryPath,
  MAX_ENTRIES,
  unsupported,
} from "./entries.ts";
import { viewOf } from "../arrays/view_bytes.ts";
import { readPart } from "./ranges.ts";

export const STORED = 0;
/** Deflate, RFC 1951. */
export const DEFLATED = 8;

export const SIGNATURES = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};

const MAX_DEFLATE_RATIO = 1032;
/** The ratio of an archive is limited above this size, bytes. */
const RATIO_COUNTS_FROM = 64 * 1024 * 1024;
/** Average size of a directory record, at most. */
const MAX_RECORD_BYTES = 1024;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const [MAX16, MAX32] = [0xffff, 0xffffffff];
const SPLIT = "it is a part of a split archive";

/** Limits of a ZIP file. */
export interface ZipLimits extends ArchiveLimits {
  /** Maximum unpacked bytes per byte of the archive, applied above 64 MiB. @default 200 */
  maxRatio?: number;
}

export interface ZipRecord {
  path: string;
  mode?: FileMode;
  name: Uint8Array;
  /** {@linkcode STORED} or {@linkcode DEFLATED}. */
  method: number;
  /** CRC-32 of the unpacked bytes. */
  crc: number;
  packedSize: number;
  size: number;
  offset: number;
  room: number;
}

interface Directory {
  count: number;
  offset: number;
  size: number;
}

export async function readZipDirectory(
  file: FileToDecode,
  limits: ZipLimits,
  signal?: AbortSignal,
): Promise<ZipRecord[]> {
  const { count, offset, size } = await findDirectory(file, signal);
  checkLimits(file.path, { entries: count, bytes: 0 }, limits);
  const { maxEntries = MAX_ENTRIES, maxRatio = 200 } = limits;
  if (size > maxEntries * MAX_RECORD_BYTES) {
    throw unsupported(file.path, `its directory has ${size} bytes`);
  }
  const content = await readPart(file, { offset, length: size }, signal);
  const records = parseRecords(file.path, content, count);
  const bytes = records.reduce((sum, record) => sum + record.size, 0);
  checkLimits(file.path, { entries: count, bytes }, limits);
  if (bytes > RATIO_COUNTS_FROM && bytes > file.size * maxRatio) {
    const state = `${file.size} bytes unpack to ${bytes}, ${maxRatio} times as many are allowed`;
    throw unsupported(file.path, state, "Pass a larger maxRatio if you trust the archive.");
  }
  giveRoom(file.path, records, offset);
  const members = records.filter(({ path }) => path !== "");
  const problem = entriesProblem(members);
  if (problem !== undefined) throw corrupt(file.path, problem);
  return members;
}

/** Returns the end of a file, and the offset of the end record in it. */
async function findEnd(
  file: FileToDecode,
  signal?: AbortSignal,
): Promise<{ view: DataView; at: number }> {
  const length = Math.min(file.size, LOCATOR_BYTES + END_BYTES + MAX_COMMENT_BYTES);
  const view = viewOf(await readPart(file, { offset: file.size - length, length }, signal));
  const ends: number[] = [];
  for (let at = length - END_BYTES; at >= 0; at--) {
    const isEnd = view.getUint32(at, true) === SIGNATURES.end &&
      at + END_BYTES + view.getUint16(at + 20, true) === length;
    if (isEnd) ends.push(at);
  }
  if (ends.length === 1) return { view, at: itemAt(ends, 0) };
  const isNone = ends.length === 0;
  const state = isNone ? "not a ZIP file, or truncated" : "it has several ends, so it is ambiguous";
  throw corrupt(file.path, state);
}

async function findDirectory(file: FileToDecode, signal?: AbortSignal): Promise<Directory> {
  const { view, at } = await findEnd(file, signal);
  const [disk, start] = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
  const directory32: Directory = {
    count: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  };
  const end = file.size - view.byteLength + at;
  const hasLocator = at >= LOCATOR_BYTES &&
    view.getUint32(at - LOCATOR_BYTES, true) === SIGNATURES.locator64;
  // The directory directly precedes the end, so this apparent locator is part of its last name.
  const isName = hasLocator && directory32.offset + directory32.size === end &&
    directory32.offset < MAX32 &&
    directory32.size < MAX32;
  if (!hasLocator || isName) {
    if (disk !== 0 || start !== 0) throw unsupported(file.path, SPLIT);
    const place = isName ? view.getBigUint64(at - LOCATOR_BYTES + 8, true) : undefined;
    if (place !== undefined && await hasEnd64(file, place, signal)) {
      throw corrupt(file.path, "its last name looks like another end, so it is ambiguous");
    }
    return checkPlace(file, directory32, end);
  }
  const offset64 = toNumber(file.path, view.getBigUint64(at - LOCATOR_BYTES + 8, true));
  const directory = await readEnd64(file, offset64, signal);
  const agrees = (short: number, long: number, max: number) => short === max || short === long;
  const isSame = agrees(directory32.count, directory.count, MAX16) &&
    agrees(directory32.size, directory.size, MAX32) &&
    agrees(directory32.offset, directory.offset, MAX32);
  if (!isSame) throw corrupt(file.path, "its two ends contradict each other");
  return checkPlace(file, directory, offset64);
}

async function hasEnd64(
  file: FileToDecode,
  offset: bigint,
  signal?: AbortSignal,
): Promise<boolean> {
  if (offset + BigInt(END64_BYTES) > BigInt(file.size)) return false;
  const start = await readPart(file, { offset: Number(offset), length: 4 }, signal);
  return viewOf(start).getUint32(0, true) === SIGNATURES.end64;
}

async function readEnd64(
  file: FileToDecode,
  offset: number,
  signal?: AbortSignal,
): Promise<Directory> {
  if (offset + END64_BYTES > file.size) throw corrupt(file.path, "its end is out of bounds");
  const view = viewOf(await readPart(file, { offset, length: END64_BYTES }, signal));
  if (view.getUint32(0, true) !== SIGNATURES.end64) throw corrupt(file.path, "its end is missing");
  if (view.getUint32(16, true) !== 0 || view.getUint32(20, true) !== 0) {
    throw unsupported(file.path, SPLIT);
  }
  const field = (at: number) => toNumber(file.path, view.getBigUint64(at, true));
  return { count: field(32), size: field(40), offset: field(48) };
}

function checkPlace(file: FileToDecode, directory: Directory, end: number): Directory {
  if (directory.offset + directory.size === end) return directory;
  const { size, offset } = directory;
  throw corrupt(file.path, `its directory has ${size} bytes at ${offset}, its end is at ${end}`);
}

function parseRecords(path: string, bytes: Uint8Array, count: number): ZipRecord[] {
  const view = viewOf(bytes);
  const records: ZipRecord[] = [];
  let at = 0;
  for (let place = 0; place < count; place++) {
    if (at + CENTRAL_BYTES > bytes.byteLength || view.getUint32(at, true) !== SIGNATURES.central) {
      throw corrupt(path, `no directory record of entry ${place}`);
    }
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const end = extraEnd + view.getUint16(at + 32, true);
    if (end > bytes.byteLength) throw corrupt(path, `entry ${place} exceeds the directory`);
    const name = bytes.subarray(at + CENTRAL_BYTES, nameEnd);
    const extra = bytes.subarray(nameEnd, extraEnd);
    records.push(parseRecord(path, viewOf(bytes.subarray(at, end)), { name, extra, place }));
    at = end;
  }
  if (at !== bytes.byteLength) throw corrupt(path, "its directory has more records than declared");
  return records;
}

function parseRecord(
  archive: string,
  view: DataView,
  { name, extra, place }: { name: Uint8Array; extra: Uint8Array; place: number },
): ZipRecord {
  const short = (at: number) => view.getUint16(at, true);
  const long = (at: number) => view.getUint32(at, true);
  const [madeBy, flags, method] = [short(4), short(8), short(10)];
  const text = nameOf(archive, name, flags, place);
  if ((flags & 0x2041) !== 0) throw unsupported(archive, `entry ${place} is encrypted`);
  if (method !== STORED && method !== DEFLATED) {
    throw unsupported(archive, `entry ${place} is packed by method ${method}, not 0 or 8`);
  }
  const fields32 = { size: long(24), packedSize: long(20), offset: long(42) };
  const { size, packedSize, offset } = readZip64(archive, fields32, extra, place);
  if (short(34) !== 0) throw unsupported(archive, SPLIT);
  const isPossible = method === STORED
    ? size === packedSize
    : size <= packedSize * MAX_DEFLATE_RATIO;
  if (!isPossible) {
    throw corrupt(archive, `entry ${place} cannot have ${size} bytes packed in ${packedSize}`);
  }
  const mode = modeOf(archive, { text, madeBy, attributes: long(38), place });
  if (mode === "folder" && size !== 0) {
    throw corrupt(archive, `entry ${place} is a folder with bytes`);
  }
  const path = entryPath(archive, text, place);
  if (path === "" && mode !== "folder") throw corrupt(archive, `entry ${place} has no name`);
  const fields = { name, method, crc: long(16), packedSize, size, offset, room: 0 };
  return { path, ...mode !== undefined && { mode }, ...fields };
}

/**
 * Decodes UTF-8, even without its flag, as many programs write it. Code page 437 is not guessed.
 */
function nameOf(archive: string, name: Uint8Array, flags: number, place: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    const make = (flags & 0x800) !== 0 ? corrupt : unsupported;
    throw make(archive, `the name of entry ${place} is not UTF-8`);
  }
}

/** Section 4.5.3: values above 32 bits are in the extra field 1, in this order. */
function readZip64(
  archive: string,
  sizes: { size: number; packedSize: number; offset: number },
  extra: Uint8Array,
  place: number,
): { size: number; packedSize: number; offset: number } {
  const extendedKeys = (["size", "packedSize", "offset"] as const).filter((key) =>
    sizes[key] === MAX32
  );
  if (extendedKeys.length === 0) return sizes;
  const view = viewOf(extra);
  const longSizes = { ...sizes };
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (id === 1 && length >= extendedKeys.length * 8 && at + 4 + length <= extra.byteLength) {
      for (const [i, key] of extendedKeys.entries()) {
        longSizes[key] = toNumber(archive, view.getBigUint64(at + 4 + i * 8, true));
      }
      return longSizes;
    }
    at += 4 + length;
  }
  throw corrupt(archive, `the 64-bit sizes of entry ${place} are missing`);
}

/** Returns the mode: Unix and macOS store type and permissions in the upper half of attributes. */
function modeOf(
  archive: string,
  { text, madeBy, attributes, place }: Record<"madeBy" | "attributes" | "place", number> & {
    text: string;
  },
): FileMode | undefined {
  const unix = [3, 19].includes(madeBy >> 8) ? attributes >>> 16 : 0;
  const type = unix & 0xf000;
  if (text.endsWith("/") || type === 0x4000) return "folder";
  if (type === 0xa000) return "link";
  if (type !== 0 && type !== 0x8000) {
    throw unsupported(archive, `entry ${place} is a device, a pipe or a socket`);
  }
  return (unix & 0o111) === 0 ? undefined : "executable";
}

/** Section 4.3.6: returns the space of each entry. Overlapping ones could expand to any size. */
function giveRoom(archive: string, records: ZipRecord[], directory: number): void {
  const inOrder = [...records].sort((a, b) => a.offset - b.offset);
  for (const [i, record] of inOrder.entries()) {
    record.room = (inOrder[i + 1]?.offset ?? directory) - record.offset;
    if (record.room >= LOCAL_BYTES + record.name.byteLength + record.packedSize) continue;
    throw corrupt(archive, `entry ${records.indexOf(record)} overlaps another or the directory`);
  }
}

function toNumber(archive: string, value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw corrupt(archive, `it declares a size of ${value} bytes`);
}
