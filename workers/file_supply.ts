/**
 * Files that were materialized on the caller's thread, handed to a worker piece by piece.
 *
 * @module
 */
import { bodyStream, plainBytes } from "../core/bytes/bytes.ts";
import type { FilesToSave, FileToSave } from "../core/materializer.ts";
import { Moved } from "./channel.ts";
import type { CallerMethods, SuppliedFile } from "./protocol.ts";

/** Bytes up to this size move with the file. */
const WHOLE_BYTES = 1024 * 1024;
/** Other content goes in pieces of at most so much. */
export const PIECE_BYTES = 4 * 1024 * 1024;

/** Hands out the files of one save. */
export interface FileSupply {
  /** The next file, or undefined after the last. */
  next(): Promise<Moved<SuppliedFile> | undefined>;
  /** Begins to read a file from its beginning, into places of shared memory. */
  open(file: number, places: readonly SharedArrayBuffer[]): number;
  /** Writes the next piece to the place with this index and returns its bytes, 0 at the end. */
  pull(stream: number, place: number): Promise<number>;
  /** Reads no more of a file. */
  close(stream: number): Promise<void>;
  /** Begins again with the first file. */
  restart(files: FilesToSave): void;
  /** Reads no more of any file, and makes no more of them. */
  end(): Promise<void>;
}

/** Creates a supply of these files; they are asked for one by one. `spend` hears of content that can be read once. */
export function createFileSupply(produced: FilesToSave, spend: () => void = () => {}): FileSupply {
  let files = iterate(produced);
  const contents = new Map<number, FileToSave["content"]>();
  const streams = new Map<number, { places: Uint8Array[]; pieces: Pieces }>();
  const checks: (() => void)[] = [];
  let lastNumber = 0;
  return {
    async next() {
      contents.clear(); // whoever asks for the next file has stored those before: only one is held
      const { done, value } = await files.next();
      if (done) { // the last file is stored
        for (const check of checks) check();
        return undefined;
      }
      const { content, check, ...file } = value;
      if (check !== undefined) checks.push(check);
      if (content instanceof Uint8Array && content.byteLength <= WHOLE_BYTES) {
        const bytes = plainBytes(content).slice(); // the caller keeps its own, and a view would cross with all of its buffer
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
    open(file, places) {
      const content = contents.get(file)!;
      if (content instanceof ReadableStream) spend();
      const pieces = createPieces(content);
      streams.set(++lastNumber, { places: places.map((place) => new Uint8Array(place)), pieces });
      return lastNumber;
    },
    async pull(stream, place) {
      const known = streams.get(stream); // asked for ahead, it may be behind the end
      const bytes = await known?.pieces.fill(known.places[place]) ?? 0;
      if (bytes === 0) streams.delete(stream);
      return bytes;
    },
    async close(stream) {
      const known = streams.get(stream);
      streams.delete(stream);
      await known?.pieces.close();
    },
    restart: (again) => void (files = iterate(again)),
    async end() {
      const ending = [...streams.values()].map(({ pieces }) => pieces.close());
      streams.clear();
      await Promise.allSettled([...ending, files.return(undefined)]);
    },
  };
}

/** The methods by which a worker asks for files of its job. */
export function supplyMethods(
  supplyOf: (job: number) => FileSupply,
): Pick<CallerMethods, "nextFile" | "openFile" | "pull" | "closeFile"> {
  return {
    nextFile: ({ job }) => supplyOf(job).next() as unknown as Promise<SuppliedFile | undefined>,
    openFile: ({ job, file, places }) => supplyOf(job).open(file, places),
    pull: ({ job, stream, place }) => supplyOf(job).pull(stream, place),
    closeFile: ({ job, stream }) => supplyOf(job).close(stream),
  };
}

async function* iterate(files: FilesToSave): AsyncGenerator<FileToSave> {
  if (Symbol.asyncIterator in files) yield* files;
  else yield* await files;
}

/** Content that is copied out piece by piece. */
interface Pieces {
  /** Fills a place, at least by half unless the content ends, and returns how many bytes it got, 0 at the end. */
  fill(place: Uint8Array): Promise<number>;
  /** Reads no more. */
  close(): Promise<void>;
}

/** Copies, so that the caller keeps its own; small chunks are put together, large ones divided. */
function createPieces(content: FileToSave["content"]): Pieces {
  const chunks = chunksOf(content);
  let chunk: Uint8Array = new Uint8Array();
  let turn: Promise<unknown> = Promise.resolve();

  async function fillNow(place: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < place.byteLength / 2) {
      if (chunk.byteLength === 0) {
        const next = await chunks.next();
        if (next.done) break;
        chunk = plainBytes(next.value);
      }
      const part = chunk.subarray(0, place.byteLength - filled);
      place.set(part, filled);
      filled += part.byteLength;
      chunk = chunk.subarray(part.byteLength);
    }
    return filled;
  }
  return {
    fill(place) {
      const filled = turn.then(() => fillNow(place)); // asked for ahead, pieces come in order all the same
      turn = filled.catch(() => {});
      return filled;
    },
    async close() {
      await chunks.return(undefined);
    },
  };
}

async function* chunksOf(content: FileToSave["content"]): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content;
  else yield* "stream" in content ? content.stream() as ReadableStream<Uint8Array> : bodyStream(content);
}
