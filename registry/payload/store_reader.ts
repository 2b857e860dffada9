// Reading the files of a version from the store, verified as they stream.
import type { ArtifactInfo } from "../../core/artifact.ts";
import type { ByteRange } from "../../core/backend.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { StoredFile } from "../../core/record.ts";
import type { TransferProgress, Verify } from "../../core/registry.ts";
import type { Store } from "../cell/store.ts";
import { decodeBytes, decodeInto, decodeStream } from "./encoding.ts";
import { type FileReader, rangeOfFile } from "./file_reader.ts";
import type { LoadLimit } from "../contract/load_limit.ts";
import { createPartReader, otherDigest, type PartSource } from "./part_reader.ts";
import { piecesOf, runsOf } from "../cell/part_runs.ts";

export interface PayloadSource extends PartSource {
  info: ArtifactInfo;
  files: readonly StoredFile[];
}

export interface ReadFilesOptions {
  verify: Verify;
  /** Bounds what is read whole. @default nothing does */
  limit?: LoadLimit;
  signal?: AbortSignal;
  onProgress?: (progress: TransferProgress) => void;
}

/** Larger files are expanded in pieces: at once, they would be in memory twice. */
const EXPANDED_AT_ONCE_BYTES = 16 * 1024 * 1024;

export interface Reader extends FileReader {
  storedBytes(file: StoredFile): Promise<Uint8Array>;
  storedChunks(file: StoredFile): AsyncIterable<Uint8Array>;
}

export function createReader(
  { backend }: Pick<Store, "backend">,
  source: PayloadSource,
  options: ReadFilesOptions,
): Reader {
  const { verify, signal, onProgress } = options;
  const stored = createPartReader({ source, backend, verify, signal });
  const { corrupt } = stored;
  const isLocal = backend.kind === "local"; // a disk is read no faster in pieces
  let moved = 0;

  const reader: Reader = {
    async bytes(file) {
      signal?.throwIfAborted();
      const read = await stored.bytes(file, { check: isCompressed(file) });
      const bytes = isCompressed(file) ? await decode(file, read) : read;
      if (bytes.byteLength !== file.size) {
        throw corrupt(file, `it has ${bytes.byteLength} bytes, not ${file.size}`);
      }
      const digest = verify === "none" ? file.sha256 : sha256(bytes);
      if (digest !== file.sha256) {
        throw isCompressed(file)
          ? corrupt(file, otherDigest(digest, file.sha256))
          : stored.damaged(file, bytes, digest);
      }
      progress(file, file.size);
      return bytes;
    },

    async *chunks(file, { windowBytes } = {}) {
      // The digest of the whole says all that those of adjacent parts say: they are not computed besides.
      const check = isCompressed(file) || runsOf(file.parts).length > 1;
      const read = stored.chunks(file, { check, windowBytes });
      const plain = file.encoding === undefined
        ? read
        : decodeStream(read, file.encoding, windowBytes);
      const hash = verify === "none" ? undefined : createSha256();
      let count = 0;
      try {
        for await (const chunk of plain) {
          count += chunk.byteLength;
          if (count > file.size) break;
          hash?.update(chunk);
          progress(file, chunk.byteLength);
          yield chunk;
        }
      } catch (error) {
        throw file.encoding === undefined || isRegistryError(error) || signal?.aborted
          ? error
          : corrupt(file, "it cannot be expanded", { cause: error });
      }
      if (count !== file.size) throw corrupt(file, `it does not have ${file.size} bytes`);
      const digest = hash?.digest() ?? file.sha256;
      if (digest !== file.sha256) throw corrupt(file, otherDigest(digest, file.sha256));
    },

    async *range(file, range, { windowBytes } = {}) {
      const { offset, end } = rangeOfFile(file, range);
      let missing = Math.max(end - offset, 0);
      for await (const chunk of stored.range(file, { offset, end, windowBytes })) {
        missing -= chunk.byteLength;
        yield chunk;
      }
      if (missing !== 0) throw corrupt(file, "it is cut short");
    },

    // What the digests of all parts say, that of the whole would only say again: the record vouches for both.
    pieces(file) {
      const ranges = isLocal || isCompressed(file)
        ? []
        : piecesOf(file.parts ?? [], verify !== "none");
      if (ranges.length < 2) return undefined;
      return ranges.map((range) => ({ ...range, chunks: () => pieceChunks(file, range) }));
    },

    async storedBytes(file) {
      if (file.encoding === undefined) return await reader.bytes(file);
      if (!isCheckedAsStored(file)) { for await (const _ of reader.chunks(file)); }
      return await stored.bytes(file, { check: true });
    },

    async *storedChunks(file) {
      if (file.encoding === undefined) yield* reader.chunks(file);
      else if (file.inline !== undefined) yield await reader.storedBytes(file);
      else {
        if (!isCheckedAsStored(file)) { for await (const _ of reader.chunks(file)); }
        yield* stored.chunks(file, { check: true });
      }
    },
  };
  return reader;

  /** Whether all of its stored bytes have digests of their own: inline ones have none. */
  function isCheckedAsStored({ inline, parts = [] }: StoredFile): boolean {
    return verify !== "none" && inline === undefined &&
      parts.every((part) => part.sha256 !== undefined);
  }

  async function* pieceChunks(file: StoredFile, range: ByteRange): AsyncGenerator<Uint8Array> {
    for await (const chunk of reader.range(file, range)) {
      progress(file, chunk.byteLength);
      yield chunk;
    }
  }

  async function decode(file: StoredFile, stored: Uint8Array): Promise<Uint8Array> {
    const { size, encoding } = file;
    const target = size > EXPANDED_AT_ONCE_BYTES ? new Uint8Array(size) : undefined;
    try {
      if (target === undefined) return decodeBytes(stored, encoding!, size);
      const count = await decodeInto(target, stored, encoding!);
      if (count === size) return target;
      throw corrupt(file, `it does not have ${size} bytes`);
    } catch (cause) {
      throw isRegistryError(cause) ? cause : corrupt(file, "it cannot be expanded", { cause });
    }
  }

  function progress(file: StoredFile, bytes: number): void {
    moved += bytes;
    onProgress?.({ path: file.path, bytes: moved, totalBytes: source.info.size });
  }
}

function isCompressed({ encoding }: StoredFile): boolean {
  return encoding !== undefined;
}
