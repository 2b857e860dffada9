// Opens the content of a file that is being saved.
import { STORED } from "../../core/artifact.ts";
import type { ByteRange } from "../../core/backend.ts";
import { bodyBytes, concatBytes, noBody, plainBytes } from "../../core/bytes/bytes.ts";
import { copiedChunks, counted } from "../../core/work/content_reads.ts";
import type { TakeMemory } from "../../core/bytes/own_memory.ts";
import { DiskContent } from "../../disk/disk_file.ts";
import { filePathProblem, foldersAbove } from "../../core/naming/file_paths.ts";
import { invalid } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import type { FileMode } from "../../core/record.ts";
import { withDeadline } from "../../core/retry.ts";
import { shown } from "../../core/naming/names.ts";
import { PlacedContent, StoredContent } from "./stored_content.ts";
import type { MaybeStored } from "./stored_content.ts";

/** Files up to this size are held in memory: packed together, or inline in the record. */
export const SMALL_FILE_BYTES = 256 * 1024;
/** Plain bytes of a full pack, and its files: each takes several hundred bytes until it is sent. */
export const PACK_BYTES = 8 * 1024 * 1024, PACK_FILES = 16_384;

/** Content that is read at once: unshared bytes in memory, or a file on disk. */
export type SmallContent = Uint8Array | DiskContent;

export interface LargeContent {
  size?: number;
  repeatable: boolean;
  /** Reads all, in memory that is taken for each chunk, if `takesMemory`. */
  chunks(take?: TakeMemory): AsyncIterable<Uint8Array>;
  takesMemory?: boolean;
  /** Reads a range, if that takes less time than reading all. */
  range?(range: Required<ByteRange>): AsyncIterable<Uint8Array>;
  /** Of a stored file. */
  stored?: StoredContent;
  source?: Uint8Array | DiskContent;
  cancel?(): Promise<void>;
}

export type Content =
  | { kind: "small"; content: SmallContent }
  | { kind: "large"; content: LargeContent }
  | { kind: "stored"; stored: StoredContent }
  | { kind: "placed"; placed: PlacedContent };

/** Opens the content of a file. Copies small content, so that the caller may change it later. */
export async function openContent(file: FileToSave, signal?: AbortSignal): Promise<Content> {
  const { content, path } = file;
  if (content instanceof PlacedContent) return { kind: "placed", placed: content };
  const own = content as MaybeStored;
  const stored = content instanceof StoredContent ? content : own[STORED]?.(own);
  if (stored !== undefined) return { kind: "stored", stored };
  if (content instanceof Uint8Array) {
    if (content.byteLength <= SMALL_FILE_BYTES) {
      return { kind: "small", content: plainBytes(content).slice() };
    }
    return { kind: "large", content: readable(plainBytes(content)) };
  }
  if (content instanceof DiskContent) {
    if (content.isEmpty()) return { kind: "small", content: new Uint8Array() };
    if (content.size === 0) return await openStream(content.stream(), signal);
    return content.size <= SMALL_FILE_BYTES
      ? { kind: "small", content }
      : { kind: "large", content: readable(content) };
  }
  if (content instanceof ReadableStream) return await openStream(content, signal);
  if (typeof content?.stream !== "function") throw noBody(content, path);
  const { size } = content;
  const chunks = () => counted(content.stream(), { size, path });
  const large: LargeContent = { size, chunks, repeatable: true };
  if (content instanceof Blob) {
    large.range = ({ offset, length }) =>
      counted(content.slice(offset, offset + length).stream(), { size: length, path });
  }
  if (size > SMALL_FILE_BYTES) return { kind: "large", content: large };
  const reading = content instanceof Blob
    ? bodyBytes(content)
    : Array.fromAsync(chunks()).then(concatBytes);
  return { kind: "small", content: await withDeadline(reading, { signal }) };
}

export function readSmall(content: SmallContent): Uint8Array {
  return content instanceof DiskContent ? content.bytes() : content;
}

export function sizeOf(content: SmallContent): number {
  return content instanceof DiskContent ? content.size : content.byteLength;
}

export function readable(source: Uint8Array | DiskContent): LargeContent {
  const onDisk = source instanceof DiskContent;
  const chunks = (take?: TakeMemory) => onDisk ? source.chunks({ take }) : copiedChunks(source);
  const range = ({ offset, length }: Required<ByteRange>) =>
    onDisk
      ? source.chunks({ range: { offset, length } })
      : copiedChunks(source.subarray(offset, offset + length));
  const size = sizeOf(source);
  return { size, chunks, takesMemory: onDisk, range, repeatable: true, source };
}

async function openStream(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<Content> {
  const reader = stream.getReader();
  const cancel = () => reader.cancel().catch(() => {}); // reading threw its failure
  const stop = () => void cancel();
  const held: Uint8Array[] = [];
  signal?.addEventListener("abort", stop);
  try {
    for (let size = 0; size <= SMALL_FILE_BYTES;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted(); // a cancelled stream looks like one that ended
      if (done) return { kind: "small", content: concatBytes(held) };
      const chunk = plainBytes(value).slice();
      held.push(chunk);
      size += chunk.byteLength;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  return {
    kind: "large",
    content: { chunks: () => continued(held, reader), repeatable: false, cancel },
  };
}

/** Copies each chunk: its producer may reuse the memory before the store has sent it. */
async function* continued(
  held: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield plainBytes(next.value).slice();
    }
  } finally {
    await reader.cancel().catch(() => {}); // reading threw its failure
  }
}

/**
 * Returns a function that throws `Invalid` for a path that could not be written to a disk again,
 * alone or next to the paths before it.
 */
export function createPathCheck(): (file: FileToSave) => void {
  const files = new Set<string>();
  const folders = new Set<string>(); // with an entry of their own
  const above = new Set<string>();
  return ({ path, mode }) => {
    const problem = typeof path !== "string"
      ? "path is not a string"
      : sizeProblem(path) ?? filePathProblem(path, false) ?? collision(path, mode);
    if (problem !== undefined) {
      throw invalid("save a file as", shown(path), problem, {
        hint: "Use distinct relative paths, such as data.json or weights/layer-1.npy.",
      });
    }
    (mode === "folder" ? folders : files).add(path);
    for (const folder of foldersAbove(path)) {
      if (above.has(folder)) break; // so are its parents
      if (above.add(folder).size > MOST_FOLDERS) throw tooManyFolders();
    }
  };

  function collision(path: string, mode?: FileMode): string | undefined {
    if (files.has(path) || mode === "folder" && folders.has(path)) {
      return "another file has this path";
    }
    if (mode !== "folder" && (folders.has(path) || above.has(path))) {
      return "it is a folder of another file";
    }
    for (const folder of foldersAbove(path)) {
      if (files.has(folder)) return "its folder is a file";
      if (above.has(folder)) return; // so are its parents, which are no files then
    }
  }
}

/** Maximum characters of a path, as on Linux, its segments, and folders of one version. */
const MOST_CHARACTERS = 4096, MOST_SEGMENTS = 256, MOST_FOLDERS = 1_000_000;

function sizeProblem(path: string): string | undefined {
  if (path.length > MOST_CHARACTERS) return `it is longer than ${MOST_CHARACTERS} characters`;
  if (path.split("/").length > MOST_SEGMENTS) return `it has more than ${MOST_SEGMENTS} segments`;
}

function tooManyFolders() {
  return invalid("save files", undefined, `they have more than ${MOST_FOLDERS} folders`, {
    hint: "Save an archive of them, or parts of them as versions of their own.",
  });
}
