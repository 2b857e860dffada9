// Writes ZIP files (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT) entry by entry,
// then the directory. Times are 1980-01-01, the earliest, unless entries have some, so that equal
// entries make equal archives.
import { crc32, deflateRawSync } from "node:zlib";
import { concatBytes, plainBytes } from "../../core/bytes/bytes.ts";
import { contentBytes, contentSize, contentStream } from "../content/content.ts";
import type { FileMode } from "../../core/record.ts";
import { giveWay } from "../../core/work/next_turn.ts";
import { deflate } from "./gzip.ts";
import type { WrittenEntry } from "./written_entries.ts";
import { DEFLATED, SIGNATURES, STORED, type ZipRecord } from "./zip_directory.ts";

/** Entries up to this size are packed in one step, so that their header has size and CRC-32. */
const SMALL_BYTES = 1024 * 1024;
/** Entries of at least this size, or an unknown one, get headers of 64 bits. */
const LARGE_BYTES = 0xf0000000;
const [MAX16, MAX32] = [0xffff, 0xffffffff];
/** Flags of sections 4.4.4 and 4.3.9: names are UTF-8; sizes and CRC-32 follow the bytes. */
const [UTF8, LATER] = [0x800, 0x8];
/** Records of the directory that are joined. */
const JOINED = 1000;
/** The dates of section 4.4.6. */
const [EARLIEST, LATEST] = [Date.UTC(1980, 0), Date.UTC(2107, 11, 31, 23, 59, 58)];
/** The extra field of Info-ZIP with the time in seconds since 1970: the other one has no zone. */
const TIMESTAMP = 0x5455;
/** Made by Unix, so that permissions are read. */
const UNIX = 3;
const PERMISSIONS: Record<FileMode | "file", number> = {
  file: 0o100644,
  executable: 0o100755,
  link: 0o120777,
  folder: 0o040755,
};

/** Properties of an entry in its local header and in the directory. */
interface Member extends Omit<ZipRecord, "path" | "mode" | "room"> {
  mode: FileMode | "file";
  flags: number;
  is64: boolean;
  /** Fields of the time, in both headers. */
  time: { dos: number; extra: Uint8Array };
}

export interface ZipWriting {
  /** Compresses entries with Deflate. */
  compress: boolean;
  /** Entries up to this size are held in memory: their size and CRC-32 precede the bytes. */
  wholeBytes?: number;
}

export async function* writeZip(
  entries: AsyncIterable<WrittenEntry>,
  { compress, wholeBytes = SMALL_BYTES }: ZipWriting,
): AsyncGenerator<Uint8Array> {
  const directory = new Directory();
  let offset = 0;
  for await (const entry of entries) {
    const member = memberOf(entry, offset, compress);
    for await (const piece of writeMember(member, entry, wholeBytes)) {
      offset += piece.byteLength;
      yield piece;
    }
    directory.add(centralRecord(member));
  }
  yield* directory.pieces();
  yield endOf(directory.count, offset, directory.bytes);
}

/** The records at the end of an archive: bytes take a tenth of the memory of their members. */
class Directory {
  count = 0;
  bytes = 0;
  readonly #pieces: Uint8Array[] = [];
  #open: Uint8Array[] = [];

  add(record: Uint8Array): void {
    this.count++;
    this.bytes += record.byteLength;
    this.#open.push(record);
    if (this.#open.length === JOINED) this.#pieces.push(this.#joined());
  }

  *pieces(): Generator<Uint8Array> {
    yield* this.#pieces;
    if (this.#open.length > 0) yield this.#joined();
  }

  #joined(): Uint8Array {
    const joined = concatBytes(this.#open);
    this.#open = [];
    return joined;
  }
}

/** Returns the size of the archive that {@linkcode writeZip} makes without compression, bytes. */
export async function zipSize(
  entries: Iterable<WrittenEntry> | AsyncIterable<WrittenEntry>,
  { wholeBytes = SMALL_BYTES }: Omit<ZipWriting, "compress"> = {},
): Promise<number> {
  let count = 0, offset = 0, directory = 0;
  for await (const entry of entries) {
    const member = memberOf(entry, offset, false);
    const size = contentSize(entry.content) ?? Infinity;
    Object.assign(member, { size, packedSize: size });
    offset += localHeader(member).byteLength + size;
    if (size > wholeBytes) offset += descriptor(member).byteLength;
    directory += centralRecord(member).byteLength;
    count++;
    await giveWay();
  }
  return offset + directory + endOf(count, offset, directory).byteLength;
}

function memberOf(
  { path, mode: entryMode, content, modifiedAt }: WrittenEntry,
  offset: number,
  compress: boolean,
): Member {
  const mode = entryMode ?? "file";
  const size = contentSize(content) ?? Infinity;
  return {
    name: new TextEncoder().encode(mode === "folder" ? `${path}/` : path),
    mode,
    method: compress && mode !== "folder" && mode !== "link" && size > 0 ? DEFLATED : STORED,
    flags: UTF8,
    crc: 0,
    packedSize: 0,
    size: 0,
    offset,
    is64: size >= LARGE_BYTES,
    time: timeOf(modifiedAt),
  };
}

function timeOf(modifiedAt: Date | undefined): Member["time"] {
  const date = new Date(Math.min(Math.max(modifiedAt?.getTime() ?? 0, EARLIEST), LATEST));
  const days = date.getUTCFullYear() - 1980 << 9 | date.getUTCMonth() + 1 << 5 | date.getUTCDate();
  const hours = date.getUTCHours() << 11 | date.getUTCMinutes() << 5 | date.getUTCSeconds() >> 1;
  const seconds = Math.floor((modifiedAt?.getTime() ?? NaN) / 1000);
  const dos = (days << 16 | hours) >>> 0;
  if (seconds !== (seconds | 0)) return { dos, extra: new Uint8Array() };
  const extra = new Uint8Array(9);
  const view = new DataView(extra.buffer);
  view.setUint16(0, TIMESTAMP, true);
  view.setUint16(2, 5, true);
  view.setUint8(4, 1);
  view.setInt32(5, seconds, true);
  return { dos, extra };
}

async function* writeMember(
  member: Member,
  { content }: WrittenEntry,
  wholeBytes: number,
): AsyncGenerator<Uint8Array> {
  if ((contentSize(content) ?? Infinity) <= wholeBytes) {
    const whole = await contentBytes(content);
    const packed = member.method === DEFLATED ? deflateRawSync(whole) : whole;
    if (packed.byteLength >= whole.byteLength) member.method = STORED;
    const bytes = plainBytes(member.method === STORED ? whole : packed);
    Object.assign(member, {
      crc: crc32(whole),
      size: whole.byteLength,
      packedSize: bytes.byteLength,
    });
    yield localHeader(member);
    if (bytes.byteLength > 0) yield bytes;
    return;
  }
  member.flags |= LATER;
  yield localHeader(member);
  const read = countedBytes(member, contentStream(content));
  for await (const piece of member.method === DEFLATED ? deflate(read) : read) {
    member.packedSize += piece.byteLength;
    yield piece;
  }
  yield descriptor(member);
}

async function* countedBytes(
  member: Member,
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    const piece = plainBytes(chunk).slice();
    member.crc = crc32(piece, member.crc);
    member.size += piece.byteLength;
    yield piece;
  }
}

/** Section 4.3.7. The extra field for 64-bit sizes is empty if they follow the bytes. */
function localHeader(member: Member): Uint8Array {
  const sizes = member.is64 ? extra64([0, 0]) : new Uint8Array();
  const extra = concatBytes([sizes, member.time.extra]);
  const header = new Uint8Array(30 + member.name.byteLength + extra.byteLength);
  const view = new DataView(header.buffer);
  view.setUint32(0, SIGNATURES.local, true);
  setShared(view, 4, member);
  const isLater = (member.flags & LATER) !== 0;
  view.setUint32(14, isLater ? 0 : member.crc, true);
  view.setUint32(18, member.is64 ? MAX32 : isLater ? 0 : member.packedSize, true);
  view.setUint32(22, member.is64 ? MAX32 : isLater ? 0 : member.size, true);
  view.setUint16(26, member.name.byteLength, true);
  view.setUint16(28, extra.byteLength, true);
  header.set(member.name, 30);
  header.set(extra, 30 + member.name.byteLength);
  return header;
}

/** Section 4.3.9. */
function descriptor({ crc, packedSize, size, is64 }: Member): Uint8Array {
  const bytes = new Uint8Array(is64 ? 24 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIGNATURES.descriptor, true);
  view.setUint32(4, crc, true);
  if (is64) {
    view.setBigUint64(8, BigInt(packedSize), true);
    view.setBigUint64(16, BigInt(size), true);
  } else {
    view.setUint32(8, packedSize, true);
    view.setUint32(12, size, true);
  }
  return bytes;
}

/** Section 4.3.12. */
function centralRecord(member: Member): Uint8Array {
  const { name, crc, packedSize, size, offset, mode, time } = member;
  const numbers = [size, packedSize, offset];
  const long = numbers.filter((value) => value >= MAX32);
  const extra = concatBytes([long.length > 0 ? extra64(long) : new Uint8Array(), time.extra]);
  const record = new Uint8Array(46 + name.byteLength + extra.byteLength);
  const view = new DataView(record.buffer);
  view.setUint32(0, SIGNATURES.central, true);
  view.setUint16(4, UNIX << 8 | versionOf(member), true);
  setShared(view, 6, member);
  view.setUint32(16, crc, true);
  view.setUint32(20, Math.min(packedSize, MAX32), true);
  view.setUint32(24, Math.min(size, MAX32), true);
  view.setUint16(28, name.byteLength, true);
  view.setUint16(30, extra.byteLength, true);
  view.setUint32(38, (PERMISSIONS[mode] << 16 | (mode === "folder" ? 0x10 : 0)) >>> 0, true);
  view.setUint32(42, Math.min(offset, MAX32), true);
  record.set(name, 46);
  record.set(extra, 46 + name.byteLength);
  return record;
}

/** Sets version, flags, method and time, which both headers share. */
function setShared(view: DataView, at: number, member: Member): void {
  view.setUint16(at, versionOf(member), true);
  view.setUint16(at + 2, member.flags, true);
  view.setUint16(at + 4, member.method, true);
  view.setUint32(at + 6, member.time.dos, true);
}

/** Returns the version needed: 4.5 for 64 bits, 2.0 for Deflate and folders. */
function versionOf({ is64, offset }: Member): number {
  return is64 || offset >= MAX32 ? 45 : 20;
}

/** Section 4.5.3. */
function extra64(numbers: readonly number[]): Uint8Array {
  const extra = new Uint8Array(4 + numbers.length * 8);
  const view = new DataView(extra.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, numbers.length * 8, true);
  for (const [i, value] of numbers.entries()) view.setBigUint64(4 + i * 8, BigInt(value), true);
  return extra;
}

/** Sections 4.3.14 to 4.3.16: the end, after a 64-bit one if its numbers do not fit. */
function endOf(count: number, offset: number, size: number): Uint8Array {
  const is64 = count >= MAX16 || size >= MAX32 || offset >= MAX32;
  const bytes = new Uint8Array(is64 ? 98 : 22);
  const view = new DataView(bytes.buffer);
  if (is64) {
    view.setUint32(0, SIGNATURES.end64, true);
    view.setBigUint64(4, 44n, true);
    view.setUint16(12, UNIX << 8 | 45, true);
    view.setUint16(14, 45, true);
    view.setBigUint64(24, BigInt(count), true);
    view.setBigUint64(32, BigInt(count), true);
    view.setBigUint64(40, BigInt(size), true);
    view.setBigUint64(48, BigInt(offset), true);
    view.setUint32(56, SIGNATURES.locator64, true);
    view.setBigUint64(64, BigInt(offset + size), true);
    view.setUint32(72, 1, true);
  }
  const at = is64 ? 76 : 0;
  view.setUint32(at, SIGNATURES.end, true);
  view.setUint16(at + 8, Math.min(count, MAX16), true);
  view.setUint16(at + 10, Math.min(count, MAX16), true);
  view.setUint32(at + 12, Math.min(size, MAX32), true);
  view.setUint32(at + 16, Math.min(offset, MAX32), true);
  return bytes;
}
