// Contents of the entries of a ZIP file
// (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7 to 4.3.9), compared
// with their CRC-32.
import { viewOf } from "../arrays/view_bytes.ts";
import { crc32, createInflateRaw } from "node:zlib";
import type { ByteRange } from "../../core/backend.ts";
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { type ArchiveEntry, corrupt, linkProblem, MAX_TARGET_BYTES } from "./entries.ts";
import { through } from "./gzip.ts";
import { partOf, rangeOf, readPart, readSized } from "./ranges.ts";
import { DEFLATED, SIGNATURES, STORED, type ZipRecord } from "./zip_directory.ts";

const LOCAL_BYTES = 30;
/** Longest extra field, which may be longer in a local header than in the directory. */
const MAX_EXTRA_BYTES = 0xffff;

/** Makes an entry whose bytes are read from the file on demand. */
export function zipEntry(file: FileToDecode, record: ZipRecord): ArchiveEntry {
  const { path, size, mode } = record;
  const stream = (range?: ByteRange) => iterableStream(readEntry(file, record, range));
  const bytes = () => readSized(stream(), size);
  return { path, size, ...mode !== undefined && { mode }, bytes, stream };
}

/** Throws `Corrupt` for a link out of the archive. */
export async function checkZipLinks(
  file: FileToDecode,
  entries: readonly ArchiveEntry[],
): Promise<void> {
  const links = entries.filter(({ mode }) => mode === "link");
  await forEachAtOnce(links, async (link) => {
    const problem = link.size > MAX_TARGET_BYTES
      ? `its target has ${link.size} bytes`
      : linkProblem(link.path, await link.bytes());
    if (problem === undefined) return;
    throw corrupt(file.path, `invalid link ${shown(link.path)}: ${problem}`);
  });
}

/** Reads an entry. A range of a stored one is read alone, and not compared with its CRC-32. */
function readEntry(
  file: FileToDecode,
  record: ZipRecord,
  range?: ByteRange,
): AsyncIterable<Uint8Array> {
  if (range === undefined) return unpack(file, record);
  return record.method === STORED
    ? readStored(file, record, range)
    : rangeOf(unpack(file, record), range);
}

async function* readStored(
  file: FileToDecode,
  record: ZipRecord,
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  const headBytes = LOCAL_BYTES + record.name.byteLength;
  const head = await readPart(file, { offset: record.offset, length: headBytes });
  const begins = checkLocalHeader(file, record, head);
  yield* partOf(file, record.offset + begins, record.size, range);
}

async function* unpack(file: FileToDecode, record: ZipRecord): AsyncGenerator<Uint8Array> {
  const packed = readPacked(file, record);
  let [size, sum] = [0, 0];
  for await (const piece of record.method === DEFLATED ? inflate(file, record, packed) : packed) {
    size += piece.byteLength;
    if (size > record.size) break;
    sum = crc32(piece, sum);
    yield piece;
  }
  const { path } = record;
  if (size !== record.size) {
    const unpackedSize = size > record.size ? "more" : size;
    throw corrupt(file.path, `${shown(path)} has ${unpackedSize} bytes, expected ${record.size}`);
  }
  if (sum !== record.crc) throw corrupt(file.path, `CRC-32 mismatch of ${shown(path)}`);
}

/** Reads the packed bytes, and the local header in the same request. */
async function* readPacked(file: FileToDecode, record: ZipRecord): AsyncGenerator<Uint8Array> {
  const length = Math.min(
    record.room,
    LOCAL_BYTES + record.name.byteLength + MAX_EXTRA_BYTES + record.packedSize,
  );
  let head: Uint8Array = new Uint8Array();
  let begins: number | undefined;
  let remainingBytes = record.packedSize;
  for await (const chunk of file.stream({ offset: record.offset, length })) {
    let piece: Uint8Array = chunk;
    if (begins === undefined || head.byteLength < begins) {
      head = concatBytes([head, chunk]);
      if (head.byteLength < LOCAL_BYTES + record.name.byteLength) continue;
      begins ??= checkLocalHeader(file, record, head);
      piece = head.subarray(begins);
    }
    piece = piece.subarray(0, remainingBytes);
    remainingBytes -= piece.byteLength;
    if (piece.byteLength > 0) yield piece;
    if (remainingBytes === 0) return;
  }
  throw corrupt(file.path, `${shown(record.path)} is truncated`);
}

/**
 * Returns the start of the packed bytes. Programs differ in which header they trust, so both
 * agree.
 */
function checkLocalHeader(file: FileToDecode, record: ZipRecord, head: Uint8Array): number {
  const differs = (part: string) =>
    corrupt(file.path, `${part} of ${shown(record.path)} differs from the directory`);
  const view = viewOf(head);
  if (view.getUint32(0, true) !== SIGNATURES.local) throw differs("signature");
  const [flags, method] = [view.getUint16(6, true), view.getUint16(8, true)];
  if (method !== record.method || (flags & 1) !== 0) throw differs("method");
  const nameLength = view.getUint16(26, true);
  const name = head.subarray(LOCAL_BYTES, LOCAL_BYTES + record.name.byteLength);
  if (nameLength !== name.byteLength || name.some((byte, i) => byte !== record.name[i])) {
    throw differs("name");
  }
  const field = (at: number) => view.getUint32(at, true);
  const agrees = (short: number, long: number) => short === 0xffffffff || short === long;
  const isLater = (flags & 8) !== 0; // the sizes follow the bytes
  const isSame = field(14) === record.crc && agrees(field(18), record.packedSize) &&
    agrees(field(22), record.size);
  if (!isLater && !isSame) throw differs("size or CRC-32");
  const begins = LOCAL_BYTES + nameLength + view.getUint16(28, true);
  if (begins + record.packedSize > record.room) throw differs("length");
  return begins;
}

async function* inflate(
  file: FileToDecode,
  record: ZipRecord,
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw();
  const damaged = (error: unknown) => corrupt(file.path, `${shown(record.path)} is damaged`, error);
  yield* through(inflater, packed, damaged);
  if (inflater.bytesWritten === record.packedSize) return;
  throw corrupt(file.path, `${shown(record.path)} has trailing bytes`);
}
