/**
 * Files that were materialized on the caller's thread, handed to a worker piece by piece.
 *
 * @module
 */
import { bodyStream, concatBytes } from "../core/bytes.ts";
import type { FilesToSave, FileToSave } from "../core/materializer.ts";
import { Moved } from "./channel.ts";
import type { CallerMethods, SuppliedFile } from "./protocol.ts";

/** Bytes up to this size move with the file; other content goes in pieces of about so much. */
const PIECE_BYTES = 1024 * 1024;

/** Hands out the files of one save. */
export interface FileSupply {
  /** The next file, or undefined after the last. */
  next(): Promise<Moved<SuppliedFile> | undefined>;
  /** Begins to read a file from its beginning. */
  open(file: number): number;
  /** The next piece, which moves, or undefined at the end. */
  pull(stream: number): Promise<Moved<Uint8Array> | undefined>;
  /** Reads no more of a file. */
  close(stream: number): Promise<void>;
  /** Begins again with the first file. */
  restart(files: FilesToSave): void;
}

/** Creates a supply of these files; they are asked for one by one. */
export function createFileSupply(produced: FilesToSave): FileSupply {
  let files = iterate(produced);
  const contents = new Map<number, FileToSave["content"]>();
  const streams = new Map<number, AsyncGenerator<Uint8Array>>();
  let lastNumber = 0;
  return {
    async next() {
      contents.clear(); // whoever asks for the next file has stored those before: only one is held
      const { done, value } = await files.next();
      if (done) return undefined;
      const { content, ...file } = value;
      if (content instanceof Uint8Array && content.byteLength <= PIECE_BYTES) {
        const bytes = content.slice(); // the caller keeps its own, and a view would cross with all of its buffer
        return new Moved({ ...file, bytes }, [bytes.buffer]);
      }
      const size = content instanceof ReadableStream
        ? undefined
        : content instanceof Uint8Array
        ? content.byteLength
        : content.size;
      contents.set(++lastNumber, content);
      return new Moved({ ...file, number: lastNumber, size }, []);
    },
    open(file) {
      streams.set(++lastNumber, piecesOf(contents.get(file)!));
      return lastNumber;
    },
    async pull(stream) {
      const next = await streams.get(stream)?.next(); // asked for ahead, it may be behind the end
      if (next !== undefined && !next.done) return new Moved(next.value, [next.value.buffer as ArrayBuffer]);
      streams.delete(stream);
    },
    async close(stream) {
      await streams.get(stream)?.return(undefined);
      streams.delete(stream);
    },
    restart: (again) => void (files = iterate(again)),
  };
}

/** The methods by which a worker asks for files of its job. */
export function supplyMethods(
  supplyOf: (job: number) => FileSupply,
): Pick<CallerMethods, "nextFile" | "openFile" | "pull" | "closeFile"> {
  return {
    nextFile: ({ job }) => supplyOf(job).next() as unknown as Promise<SuppliedFile | undefined>,
    openFile: ({ job, file }) => supplyOf(job).open(file),
    pull: ({ job, stream }) => supplyOf(job).pull(stream) as unknown as Promise<Uint8Array | undefined>,
    closeFile: ({ job, stream }) => supplyOf(job).close(stream),
  };
}

async function* iterate(files: FilesToSave): AsyncGenerator<FileToSave> {
  if (Symbol.asyncIterator in files) yield* files;
  else yield* await files;
}

/** Copies, so that what moves belongs to nobody; small chunks are put together, large ones divided. */
async function* piecesOf(content: FileToSave["content"]): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) return yield* divided(content);
  let held: Uint8Array[] = [], heldBytes = 0;
  for await (
    const chunk of "stream" in content ? content.stream() as ReadableStream<Uint8Array> : bodyStream(content)
  ) {
    for (const piece of divided(chunk)) {
      held.push(piece);
      heldBytes += piece.byteLength;
      if (heldBytes < PIECE_BYTES / 2) continue;
      yield concatBytes(held);
      held = [];
      heldBytes = 0;
    }
  }
  if (heldBytes > 0) yield concatBytes(held);
}

function* divided(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.slice(at, at + PIECE_BYTES);
}
