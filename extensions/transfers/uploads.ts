// Resumable uploads, which arrive in pieces.
import type { Registry } from "../../mod.ts";
import type { SignalOptions } from "../../registry/mod.ts";
import {
  conflict,
  createSha256,
  invalid,
  iterableStream,
  shown,
  tapped,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import { recordsOf, wordedVerbs } from "../../registry/records.ts";
import { StoredUploads, type UploadSource, type UploadState } from "./stored_uploads.ts";
import { PieceWriter, type PieceWriterOptions, type UploadNote } from "./write_pieces.ts";

/** The resumable uploads of a registry. They are not part of it until their content is saved. */
export interface ResumableUploads {
  begin(options: SignalOptions & Omit<UploadNote, "sha256">): Promise<UploadState>;
  /** Returns the state of an upload. Throws `NotFound` if it does not exist or was collected. */
  state(id: string, options?: SignalOptions): Promise<UploadState>;
  /**
   * Appends bytes and returns the new offset. If `chunks` fail, earlier ones are kept, then it
   * throws. Concurrent appends at one offset are a `Conflict`.
   */
  append(
    id: string,
    chunks: AsyncIterable<Uint8Array>,
    options: SignalOptions & { offset: number },
  ): Promise<number>;
  receive(
    chunks: AsyncIterable<Uint8Array>,
    options?: SignalOptions & {
      /** Required number of bytes. @default any */
      size?: number;
      owner?: string;
    },
  ): Promise<UploadState & { sha256: string }>;
  /**
   * Returns the content of a complete upload, which can be read repeatedly, else throws `Conflict`.
   */
  source(id: string, options?: SignalOptions): Promise<UploadSource>;
  remove(id: string, options?: SignalOptions): Promise<void>;
}

export function createResumableUploads(
  registry: Registry,
  options: PieceWriterOptions = {},
): ResumableUploads {
  const context = recordsOf(registry, "open uploads");
  const stored = new StoredUploads(context);
  const writer = new PieceWriter(context, options);
  const uploads: ResumableUploads = {
    async begin({ size, owner, metadata, signal }) {
      context.checkWritable("begin an upload");
      if (!Number.isSafeInteger(size) || size < 0) {
        const hint = "Pass the number of bytes, at least 0.";
        throw invalid("begin an upload", undefined, `invalid size ${shown(size)}`, { hint });
      }
      const id = context.system.id();
      await stored.writeNote(id, { size, owner, metadata });
      return { ...await stored.readNote(id, signal), offset: 0 };
    },

    async state(id, { signal } = {}) {
      const { pieces: _, keys: __, ...state } = await stored.look(id, signal);
      return state;
    },

    async append(id, chunks, { offset, signal }) {
      context.checkWritable("add to an upload");
      const at = await stored.look(id, signal);
      if (at.offset !== offset) throw elsewhere(id, offset, at.offset);
      if (at.metadata?.pieceBytes !== undefined) throw inBucket(id);
      return await writer.write(chunks, { id, offset, size: at.size });
    },

    async receive(chunks, { size, owner, signal } = {}) {
      context.checkWritable("receive an upload");
      const id = context.system.id();
      const hash = createSha256();
      try {
        // Without a note this is not an upload, so pieces can be stored before they are verified.
        const arrived = await writer.write(tapped(chunks, (bytes) => hash.update(bytes)), {
          id,
          offset: 0,
          size,
        });
        if (size !== undefined && arrived !== size) {
          const state = `got ${arrived} bytes, expected ${size}`;
          const hint = "Send the whole file again: nothing was kept.";
          throw invalid("receive an upload", undefined, state, { hint });
        }
        const sha256 = hash.digest();
        await stored.writeNote(id, { size: arrived, owner, sha256 });
        return { ...await stored.readNote(id, signal), offset: arrived, sha256 };
      } catch (error) {
        await stored.remove(id).catch(() => {}); // the rest is garbage collected
        throw error;
      }
    },

    async source(id, { signal } = {}) {
      const arrived = await stored.look(id, signal);
      const { size, offset, sha256, owner } = arrived;
      if (offset !== size) throw notWhole(id, offset, size);
      return await stored.checked(arrived, signal) ??
        { size, sha256, owner, stream: () => iterableStream(stored.read(id, arrived.pieces)) };
    },

    remove: (id, { signal } = {}) => stored.remove(id, signal),
  };
  return wordedVerbs(uploads, {
    begin: "begin an upload",
    state: "look up an upload",
    append: "add to an upload",
    receive: "receive an upload",
    source: "read an upload",
    remove: "remove an upload",
  });
}

function elsewhere(id: string, offset: number, is: number): RegistryError {
  const subject = `"${id}" at byte ${offset}`;
  const state = `${is} bytes have arrived`;
  const hint = "Read its offset, and continue from there.";
  return conflict("add to upload", subject, state, { hint });
}

function inBucket(id: string): RegistryError {
  const hint = "Ask for the URLs of its pieces, or begin an upload without `pieceBytes`.";
  return invalid("add to upload", `"${id}"`, "its pieces go into the bucket", { hint });
}

function notWhole(id: string, offset: number, size: number): RegistryError {
  const state = `${offset} of its ${size} bytes have arrived`;
  const hint = "Send the rest first.";
  return conflict("use upload", `"${id}"`, state, { hint });
}
