// Content that is in the store already: in another version, or in its final place.
import type { STORED } from "../../core/artifact.ts";
import type { ByteRange } from "../../core/backend.ts";
import type { ChunkList } from "../../core/bytes/content_chunks.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { unsupported } from "../../core/errors.ts";
import type { FileSource } from "../../core/materializer.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import { planesOf, sizeOfParts } from "../cell/objects.ts";
import type { FileBytes } from "./file_bytes.ts";
import type { ObjectPlace } from "./part_reader.ts";
import type { StoreReader } from "./store_reader.ts";

/** Reads bytes as they are stored; files that are not in the record also by ranges. */
export interface StoredReader extends Partial<Pick<StoreReader, "storedRanges" | "storedList">> {
  stored(file: StoredFile): Omit<FileBytes, "passTo">;
  /** Absent if no store can copy the objects. */
  readonly place?: ObjectPlace;
}

/** A range of an object that has bytes of a file, and their digest if they have one. */
export interface ObjectUse extends Pick<Part, "sha256"> {
  place: ObjectPlace;
  path: string;
  key: string;
  part: Part;
}

/** Members of a stored file that locate its bytes, or that each save gives. */
type Placed =
  | ("inline" | "parts" | "from" | "chunks" | "values")
  | ("path" | "mediaType" | "mode" | "modifiedAt");

export interface MaybeStored {
  size?: number;
  stream?: unknown;
  [STORED]?(content: MaybeStored): StoredContent | undefined;
}

/** The stored bytes of a file. They are verified as they are read. */
export class StoredContent implements FileSource {
  /** Size and SHA-256 of the plain bytes, compression, and unknown members. */
  readonly facts: Omit<StoredFile, Placed>;
  /** Bytes as stored; plain ones of a file that is stored by values. */
  readonly size: number;
  readonly reader: StoredReader;
  readonly file: StoredFile;

  constructor(file: StoredFile, reader: StoredReader) {
    const { inline, parts = [], from: _from, chunks: _chunks, values, ...described } = file;
    const { path: _path, mediaType: _type, mode: _mode, modifiedAt: _at, ...facts } = described;
    if (values) delete facts.encoding;
    this.facts = facts;
    this.size = values ? file.size : inline?.[1] ?? sizeOfParts(parts);
    this.file = file;
    this.reader = reader;
  }

  /** Returns the ranges of objects that have its bytes, in order. */
  uses(): ObjectUse[] {
    const file = this.file, place = this.reader.place!; // else it is not copied
    const { path, parts = [], encoding } = file;
    const whole = parts.length === 1 && encoding === undefined ? file.sha256 : undefined;
    return parts.map((part) => {
      const { sha256 = whole } = part;
      return { place, path, key: place.keyOf(file, part), part, sha256 };
    });
  }

  bytes(): Promise<Uint8Array> {
    return this.reader.stored(this.file).bytes();
  }

  chunks(): AsyncIterable<Uint8Array> {
    return this.reader.stored(this.file).chunks();
  }

  ranges(ranges: readonly Required<ByteRange>[]): AsyncIterable<Uint8Array> {
    return this.reader.storedRanges!(this.file, ranges);
  }

  /** Yields the stored bytes of a file that is stored by values, unverified. */
  planes(): AsyncIterable<Uint8Array> {
    const planes = planesOf(this.file), { size: length } = planes;
    return this.reader.storedRanges!(planes, [{ offset: 0, length }]);
  }

  async list(): Promise<ChunkList | undefined> {
    return await this.reader.storedList?.(this.file);
  }

  stream(): ReadableStream<Uint8Array> {
    return iterableStream(this.chunks());
  }
}

/** A file whose payload is in its final place. Its maker has ensured that `gc` keeps it. */
export class PlacedContent implements FileSource {
  readonly file: StoredFile & Required<Pick<StoredFile, "parts" | "from">>;
  readonly size: number;

  constructor(file: PlacedContent["file"]) {
    this.file = file;
    this.size = file.size;
  }

  stream(): never {
    throw unsupported("read", `"${this.file.path}" here`, "it is already stored", {
      hint: "Read it from the saved version, after the save.",
    });
  }
}

type Facts = Pick<StoredFile, "size" | "sha256" | "encoding">;

/** Copies the facts of stored content, including members that this release does not know. */
export function factsOf(file: StoredFile, { facts }: StoredContent): Facts {
  Object.assign(file, facts);
  const { size, sha256, encoding } = facts;
  return { size, sha256, ...(encoding === undefined ? {} : { encoding }) };
}
