// Content that another version has stored already: its digest is known before it is read.
import { iterableStream } from "../../core/bytes/bytes.ts";
import type { FileSource } from "../../core/materializer.ts";
import type { StoredFile } from "../../core/record/record.ts";
import type { Reader } from "./store_reader.ts";

export type StoredReader = Pick<Reader, "storedBytes" | "storedChunks">;

/** Members of a stored file that say where its bytes are; what else it has says what it is. */
type Placed = "inline" | "parts" | "from";

/** The bytes of a stored file, as they are stored. They are verified as they are read. */
export class StoredContent implements FileSource {
  /** What the file is: path, size and SHA-256 of the plain bytes, compression, and what this release does not know. */
  readonly facts: Omit<StoredFile, Placed>;
  readonly inline: boolean;
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
