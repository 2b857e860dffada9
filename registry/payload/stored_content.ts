// Content that the store has already: as another version stored it, where it is to stay, or where
// an upload put it.
import type { ObjectInfo } from "../../core/backend.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { fault } from "../../core/errors.ts";
import type { FileSource } from "../../core/materializer.ts";
import type { StoredFile } from "../../core/record.ts";
import type { StoreReader } from "./store_reader.ts";

/** Reads bytes as they are stored. */
export type StoredReader = Pick<StoreReader, "storedBytes" | "storedChunks">;

/** Members of a stored file that say where its bytes are; what else it has says what it is. */
type Placed = "inline" | "parts" | "from";

/** The bytes of a stored file, as they are stored. They are verified as they are read. */
export class StoredContent implements FileSource {
  /** What the file is: path, size and SHA-256 of the plain bytes, compression, and what this release does not know. */
  readonly facts: Omit<StoredFile, Placed>;
  /** Whether it lies in the record. */
  readonly inline: boolean;
  /** Stored bytes. */
  readonly size: number;
  readonly #file: StoredFile;
  readonly #reader: StoredReader;

  constructor(file: StoredFile, reader: StoredReader) {
    const { inline, parts = [], from: _, ...facts } = file;
    this.facts = facts;
    this.inline = inline !== undefined;
    this.size = inline === undefined ? parts.reduce((sum, { size }) => sum + size, 0) : inline[1];
    this.#file = file;
    this.#reader = reader;
  }

  bytes(): Promise<Uint8Array> {
    return this.#reader.storedBytes(this.#file);
  }

  chunks(): AsyncIterable<Uint8Array> {
    return this.#reader.storedChunks(this.#file);
  }

  stream(): ReadableStream<Uint8Array> {
    return iterableStream(this.chunks());
  }
}

/** A file whose payload is where it is to stay. Its maker has looked, and knows that no janitor takes it. */
export class PlacedContent implements FileSource {
  readonly file: StoredFile & Required<Pick<StoredFile, "parts" | "from">>;
  readonly size: number;

  constructor(file: PlacedContent["file"]) {
    this.file = file;
    this.size = file.size;
  }

  stream(): never {
    throw fault({
      code: "Unsupported",
      action: "read",
      subject: `"${this.file.path}" here`,
      state: "it is stored already",
      hint: "Read it from the version when it was saved.",
    });
  }
}

/** An object of the same store, copied there where the store can. It is never packed with others. */
export class UploadedContent implements FileSource {
  readonly key: string;
  readonly size: number;
  readonly stream: () => ReadableStream<Uint8Array>;

  constructor({ key, size }: ObjectInfo, stream: () => ReadableStream<Uint8Array>) {
    this.key = key;
    this.size = size;
    this.stream = stream;
  }
}
