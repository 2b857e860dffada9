// Lists of zip and tar files, from their headers. Nothing is unpacked but the beginning of a
// compressed tar file.
import { bytesStream, concatBytes, readAll } from "../../../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../../../core/file_store.ts";
import { forEachAtOnce } from "../../../../core/work/at_once.ts";
import { readTarEntries } from "../../../../formats/archive/tar_read.ts";
import { zipEntry } from "../../../../formats/archive/zip_content.ts";
import {
  readZipDirectory,
  STORED,
  type ZipRecord,
} from "../../../../formats/archive/zip_directory.ts";
import { readNpyHeader } from "../../../../formats/npy.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { fileToDecode, unpackedGzip } from "../file_to_decode.ts";

/** Entries of a zip file, at most. */
const MAX_ENTRIES = 20_000;
/** Arrays of a `.npz` file whose headers are read: each takes up to two requests. */
const MAX_OPENED_ARRAYS = 100;
/** Bytes of a local header of zip, before the name. */
const LOCAL_BYTES = 30;
/** Packed bytes of an array that are read for its header. */
const PACKED_HEAD_BYTES = 4096;
/** Unpacked bytes that contain the header of an array. */
const ARRAY_HEAD_BYTES = 4096;
/** Entries of a tar file that are listed: each may take a request. */
const MAX_TAR_ENTRIES = 2000;
const MAX_TAR_BYTES = 64 * 1024 * 1024;
/** Unpacked bytes of a compressed tar file that are read. */
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;

/** An entry. `packed` is its size in the archive. */
export interface ListedEntry {
  path: string;
  /** `file`, `folder`, `link`, or the type and shape of an array. */
  kind: string;
  size: number;
  packed?: number;
}

export interface ListedArchive {
  entries: ListedEntry[];
  /** A reason why the list ends early. */
  end?: string;
}

export async function listArchive(
  file: ArtifactFile,
  signal?: AbortSignal,
): Promise<ListedArchive> {
  const opened = fileToDecode(file, signal);
  const [first, second] = await file.read(0, Math.min(2, file.size), signal);
  if (first === 0x1f && second === 0x8b) {
    const { start, isWhole } = await unpackStart(opened);
    const listed = await listTar(start, signal);
    return isWhole ? listed : { ...listed, end: "Only the first 32 MiB are unpacked" };
  }
  const isZip = first === 0x50 && second === 0x4b || /\.(zip|npz|whl|jar)$/i.test(file.path);
  return isZip ? await listZip(opened, signal) : await listTar(opened, signal);
}

async function listZip(file: FileToDecode, signal?: AbortSignal): Promise<ListedArchive> {
  const limits = { maxEntries: MAX_ENTRIES, maxBytes: Infinity, maxRatio: Infinity };
  const records = await readZipDirectory(file, limits, signal);
  const entries = records.map(({ path, mode, size, packedSize }) => {
    return { path, kind: kindOf(mode), size, packed: packedSize };
  });
  if (!/\.npz$/i.test(file.path)) return { entries };
  await forEachAtOnce([...records.entries()].slice(0, MAX_OPENED_ARRAYS), async ([i, record]) => {
    entries[i]!.kind = await arrayOf(file, record, signal);
  });
  if (records.length <= MAX_OPENED_ARRAYS) return { entries };
  return { entries, end: `Types and shapes of the first ${MAX_OPENED_ARRAYS} arrays are read` };
}

/** Returns the type and shape of an array; "file" for anything else. */
async function arrayOf(
  file: FileToDecode,
  record: ZipRecord,
  signal?: AbortSignal,
): Promise<string> {
  try {
    const entry = record.method === STORED
      ? zipEntry(file, record)
      : await unpackedHead(file, record, signal);
    const { dtype, shape } = await readNpyHeader(entry, signal);
    return `${dtype} ${shape.join(" x ")}`.trim();
  } catch (error) {
    if (signal?.aborted) throw error;
    return "file";
  }
}

/** Returns the beginning of a compressed entry, as a file with the size of all of it. */
async function unpackedHead(
  file: FileToDecode,
  { path, name, offset, room, size }: ZipRecord,
  signal?: AbortSignal,
): Promise<FileToDecode> {
  const length = Math.min(room, LOCAL_BYTES + name.byteLength + PACKED_HEAD_BYTES);
  const local = await readAll(file.stream({ offset, length }), signal);
  const begins = LOCAL_BYTES + name.byteLength + local[28]! + local[29]! * 256;
  const pieces: Uint8Array[] = [];
  let unpacked = 0;
  const packed = bytesStream(local.slice(begins)) as ReadableStream<Uint8Array<ArrayBuffer>>;
  const reader = packed.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (let next; unpacked < ARRAY_HEAD_BYTES && !(next = await reader.read()).done;) {
      pieces.push(next.value);
      unpacked += next.value.byteLength;
    }
  } catch { // what follows was not read
  }
  await reader.cancel().catch(() => {});
  const head = concatBytes(pieces);
  const stream = ({ offset = 0, length = Infinity }: { offset?: number; length?: number } = {}) =>
    bytesStream(head.subarray(offset, offset + length));
  return { path, size, stream, bytes: () => Promise.resolve(head) };
}

async function listTar(file: FileToDecode, signal?: AbortSignal): Promise<ListedArchive> {
  const entries: ListedEntry[] = [];
  let bytes = 0;
  const counted = {
    ...file,
    stream(range?: { offset: number; length?: number }) {
      bytes += range?.length ?? file.size;
      return file.stream(range);
    },
  };
  try {
    for await (const { path, mode, size } of readTarEntries(counted, signal)) {
      if (entries.length >= MAX_TAR_ENTRIES || bytes > MAX_TAR_BYTES) {
        return { entries, end: `Listed up to entry ${entries.length}` };
      }
      entries.push({ path, kind: kindOf(mode), size });
    }
  } catch (error) {
    if (entries.length === 0 || signal?.aborted) throw error;
    return { entries, end: `The list ends here (${(error as Error).message})` };
  }
  return { entries };
}

function kindOf(mode: string | undefined): string {
  return mode === "folder" || mode === "link" ? mode : "file";
}

/** Unpacks gzip until the limit. */
async function unpackStart(file: FileToDecode): Promise<{ start: FileToDecode; isWhole: boolean }> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  let isWhole = true;
  for await (const piece of unpackedGzip(file)) {
    pieces.push(piece);
    size += piece.byteLength;
    if (size < MAX_UNPACKED_BYTES) continue;
    isWhole = false;
    break;
  }
  const blob = new Blob(pieces);
  const start: FileToDecode = {
    path: file.path,
    size,
    bytes: async () => new Uint8Array(await blob.arrayBuffer()),
    stream: ({ offset, length = Infinity } = { offset: 0 }) =>
      size === 0
        ? bytesStream(new Uint8Array())
        : blob.slice(offset, Math.min(size, offset + length)).stream(),
  };
  return { start, isWhole };
}
