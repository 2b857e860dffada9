// Content that arrived in the store by itself, and is copied there where the store can.
import type { FileSource } from "../../core/materializer.ts";
import type { ObjectInfo } from "../../core/backend.ts";

/** An object of the same store. It is never packed with others. */
export class UploadedContent implements FileSource {
  readonly key: string;
  readonly size: number;
  readonly #read: () => ReadableStream<Uint8Array>;

  constructor({ key, size }: ObjectInfo, read: () => ReadableStream<Uint8Array>) {
    this.key = key;
    this.size = size;
    this.#read = read;
  }

  stream(): ReadableStream<Uint8Array> {
    return this.#read();
  }
}
