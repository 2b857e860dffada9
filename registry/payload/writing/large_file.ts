/**
 * A file that is an object of its own.
 *
 * @module
 */
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { createSha256 } from "../../../core/bytes/digest.ts";
import type { Encoding, StoredFile } from "../../../core/record/record.ts";
import { changedWhileSaving } from "../content.ts";
import type { Content } from "../content.ts";
import { encodeStream } from "../encoding.ts";
import type { StoredContent } from "../stored_content.ts";
import type { SaveProgress } from "./progress.ts";
import type { Uploads } from "./uploads.ts";

/** What large files are stored with. */
export interface LargeFileOptions {
  /** Where to. */
  uploads: Uploads;
  /** What is told of it. */
  progress: SaveProgress;
  /** Ends it. */
  signal: AbortSignal;
}

/** How one is stored. */
export interface StoreLargeOptions {
  /** The number of its object. */
  object: number;
  /** Compression. */
  compress?: Encoding;
  /** True where the store copies what it holds. */
  copies: boolean;
}

/** Takes the size and the digest of what passes. */
interface Measure {
  path: string;
  size: number;
  sha256: string;
}

/** Stores large files. Each may be called while others are under way. */
export interface LargeFiles {
  /** Reads content that can be read again: `file` has its size and digest then. */
  look(file: StoredFile, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Stores content, and leaves in `file` what it is and where. One that was looked at must be the same still. */
  store(file: StoredFile, content: Content & { kind: "large" }, options: StoreLargeOptions): Promise<void>;
  /** Stores the stored bytes of another version as they are. */
  move(file: StoredFile, content: StoredContent, object: number): Promise<void>;
}

/** Creates {@linkcode LargeFiles}. */
export function createLargeFiles({ uploads, progress, signal }: LargeFileOptions): LargeFiles {
  return {
    look: (file, chunks) => drain(measured(file, chunks, () => {})),

    async store(file, content, { object, compress, copies }) {
      const { sha256: seen, path } = file;
      const moved = (bytes: number) => progress.moved(path, bytes);
      if (content.copyFrom !== undefined && compress === undefined && copies) {
        const copied = await uploads.copy(content.copyFrom, object);
        if (copied === undefined) throw changedWhileSaving(path);
        await drain(measured(file, copied, moved)); // the record says what the copy holds
        if (file.size !== content.size) throw changedWhileSaving(path);
        file.parts = [{ object, size: file.size }];
      } else if (compress === undefined) {
        await uploads.put(object, iterableStream(measured(file, content.chunks(), moved)), { size: content.size });
        file.parts = [{ object, size: file.size }];
      } else {
        const stored = { path, size: 0, sha256: "" };
        const encoded = encodeStream(measured(file, content.chunks(), moved), compress);
        await uploads.put(object, iterableStream(measured(stored, encoded, () => {})), {});
        file.encoding = compress;
        file.parts = [{ object, size: stored.size, sha256: stored.sha256 }];
      }
      if (seen !== "" && seen !== file.sha256) throw changedWhileSaving(path);
    },

    async move(file, content, object) {
      const { path } = file;
      const sent = { path, size: 0, sha256: "" };
      const chunks = measured(sent, content.chunks(), (bytes) => progress.moved(path, bytes));
      await uploads.put(object, iterableStream(chunks), { size: content.size });
      progress.count(file.size - sent.size);
      file.parts = [{ object, size: sent.size, ...(file.encoding === undefined ? {} : { sha256: sent.sha256 }) }];
    },
  };

  /** Passes chunks on, and leaves their size and digest in `measure`. */
  async function* measured(
    measure: Measure,
    chunks: AsyncIterable<Uint8Array>,
    moved: (bytes: number) => void,
  ): AsyncGenerator<Uint8Array> {
    const hash = createSha256();
    let count = 0;
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      hash.update(chunk);
      count += chunk.byteLength;
      moved(chunk.byteLength);
      yield chunk;
      await uploads.keepAlive();
    }
    measure.size = count;
    measure.sha256 = hash.digest();
  }
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}
