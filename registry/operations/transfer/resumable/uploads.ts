// Uploads that arrive in pieces, and go on where they broke off.
import { iterableStream } from "../../../../core/bytes/bytes.ts";
import { createSha256 } from "../../../../core/bytes/digest.ts";
import { fault, isRegistryError, type RegistryError } from "../../../../core/errors.ts";
import type { FileSource } from "../../../../core/materializer.ts";
import { shown } from "../../../../core/naming/names.ts";
import { wordedVerbs } from "../../../contract/verb_errors.ts";
import type { Registry, SignalOptions } from "../../../../core/registry.ts";
import { removeObjects } from "../../../../core/work/remove_objects.ts";
import { uploadKey } from "../../../format/layout.ts";
import { checkWritable, type Context, contextOf } from "../../context.ts";
import { graceAt, readGraces } from "../../../cell/graces.ts";
import {
  type Arrived,
  decodeNote,
  encodeNote,
  hashed,
  listPieces,
  MAX_NOTE_BYTES,
  PieceWriter,
  type PieceWriterOptions,
  putPiece,
  type UploadNote,
  type WritePiecesOptions,
  wrongChecksum,
} from "./write_pieces.ts";

/** A resumable upload, and how much of it is there. */
export interface UploadState extends UploadNote {
  id: string;
  offset: number;
  /** When it was begun, by the store's clock. */
  beganAt: Date;
  /** When the janitor may remove it, whole or not: the registry's `graceMs` after it was begun. */
  expiresAt: Date;
}

/** How an upload is begun. */
export interface BeginUploadOptions extends SignalOptions, Omit<UploadNote, "sha256"> {}

/** How bytes are added. */
export interface AppendOptions extends SignalOptions, Pick<WritePiecesOptions, "verify"> {
  offset: number;
}

/** How a stream is taken in. */
export interface ReceiveOptions extends SignalOptions, Pick<WritePiecesOptions, "verify"> {
  /** How many bytes it must have. @default any */
  size?: number;
  owner?: string;
}

/** An upload that is there, as the content of a file to save. */
export interface UploadSource extends FileSource {
  readonly sha256?: string;
  readonly owner?: string;
}

/** The resumable uploads of a registry. Nothing of them is in the registry before their content is saved. */
export interface ResumableUploads {
  begin(options: BeginUploadOptions): Promise<UploadState>;
  /** How far an upload is. `NotFound` where there is none, or the janitor has removed some of it. */
  state(id: string, options?: SignalOptions): Promise<UploadState>;
  /**
   * Adds what comes to an upload, and says how far it is then. Where `chunks` fail, what came before is kept, so that
   * the client goes on behind it; then it throws. Of two that add at one place, one gets `Conflict`.
   */
  append(id: string, chunks: AsyncIterable<Uint8Array>, options: AppendOptions): Promise<number>;
  receive(
    chunks: AsyncIterable<Uint8Array>,
    options?: ReceiveOptions,
  ): Promise<UploadState & { sha256: string }>;
  /** The content of an upload that is whole, to be read as often as needed. `Conflict` where something is missing. */
  source(id: string, options?: SignalOptions): Promise<UploadSource>;
  remove(id: string, options?: SignalOptions): Promise<void>;
}

/** What `openUploads` of `registry/tools.ts` does. */
export function createResumableUploads(
  registry: Registry,
  options: PieceWriterOptions = {},
): ResumableUploads {
  const context = contextOf(registry, "take uploads in");
  const stored = new StoredUploads(context);
  const writer = new PieceWriter(context, options);
  const uploads: ResumableUploads = {
    async begin({ size, owner, metadata, signal }) {
      checkWritable(context, "begin an upload");
      if (!Number.isSafeInteger(size) || size < 0) {
        throw invalid(
          `${shown(size)} is not a size`,
          "Its size is a whole number of bytes from 0.",
        );
      }
      const id = context.system.id();
      await stored.writeNote(id, { size, owner, metadata });
      return { ...await stored.readNote(id, signal), offset: 0 };
    },

    async state(id, { signal } = {}) {
      const { pieces: _, keys: __, ...state } = await stored.look(id, signal);
      return state;
    },

    async append(id, chunks, { offset, verify, signal }) {
      checkWritable(context, "add to an upload");
      const at = await stored.look(id, signal);
      if (at.offset !== offset) throw elsewhere(id, offset, at.offset);
      return await writer.write(chunks, { id, offset, size: at.size, verify });
    },

    async receive(chunks, { size, owner, verify, signal } = {}) {
      checkWritable(context, "take in an upload");
      const id = context.system.id();
      const hash = createSha256();
      try {
        // Without its note this is no upload, so its pieces can be stored before they are verified.
        const arrived = await writer.write(hashed(chunks, [hash, verify]), { id, offset: 0, size });
        if (size !== undefined && arrived !== size) {
          throw invalid(
            `it has ${arrived} bytes, not ${size}`,
            "Nothing was kept. Send all of it.",
          );
        }
        if (verify?.matches() === false) throw wrongChecksum(id);
        const sha256 = hash.digest();
        await stored.writeNote(id, { size: arrived, owner, sha256 });
        return { ...await stored.readNote(id, signal), offset: arrived, sha256 };
      } catch (error) {
        await stored.remove(id).catch(() => {}); // the garbage collector removes what stays
        throw error;
      }
    },

    async source(id, { signal } = {}) {
      const { size, offset, pieces, sha256, owner } = await stored.look(id, signal);
      if (offset !== size) throw notWhole(id, offset, size);
      return { size, sha256, owner, stream: () => iterableStream(stored.read(id, pieces)) };
    },

    remove: (id, { signal } = {}) => stored.remove(id, signal),
  };
  return wordedVerbs(uploads, {
    begin: "begin an upload",
    state: "look up an upload",
    append: "add to an upload",
    receive: "take in an upload",
    source: "read an upload",
    remove: "remove an upload",
  });
}

/** The uploads of a store, each a note and pieces. Without its note there is no upload. */
class StoredUploads {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async readNote(id: string, signal?: AbortSignal): Promise<Omit<UploadState, "offset">> {
    const key = noteKey(id);
    const object = key && await this.#context.backend.get(key, { signal });
    if (!object) throw notThere(id);
    const { modifiedAt, size } = object.info;
    const tooLong = size > MAX_NOTE_BYTES;
    if (tooLong) await object.body.cancel();
    const note = tooLong ? undefined : decodeNote(await object.bytes());
    if (note === undefined) throw notThere(id);
    const keptForMs = graceAt(await readGraces(this.#context, signal), modifiedAt);
    return {
      ...note,
      id,
      beganAt: new Date(modifiedAt),
      expiresAt: new Date(modifiedAt + keptForMs),
    };
  }

  async look(id: string, signal?: AbortSignal): Promise<UploadState & Arrived> {
    const note = await this.readNote(id, signal);
    return { ...note, ...await listPieces(this.#context, id, signal) };
  }

  async writeNote(id: string, note: UploadNote): Promise<void> {
    const bytes = encodeNote(note);
    if (bytes.byteLength > MAX_NOTE_BYTES) {
      throw invalid(
        `its note has ${bytes.byteLength} bytes, ${MAX_NOTE_BYTES} are allowed`,
        "Keep its metadata short, and save the rest with the artifact.",
      );
    }
    await putPiece(this.#context, uploadKey(id, 0), bytes);
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    const { backend } = this.#context;
    const key = noteKey(id);
    if (key === undefined) return;
    await backend.delete(key, { signal }); // without it there is no upload
    const { keys } = await listPieces(this.#context, id, signal);
    await removeObjects(backend, keys, signal); // the garbage collector removes what stays
  }

  async *read(id: string, pieces: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const key of pieces) {
      const object = await this.#context.backend.get(key);
      if (object === undefined) throw notThere(id);
      yield* object.body;
    }
  }
}

/** Where the note of an upload is; undefined for what cannot be the id of one. */
function noteKey(id: string): string | undefined {
  try {
    return uploadKey(id, 0);
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
  }
}

function notThere(id: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find upload",
    subject: shown(id),
    state: "there is none",
    hint:
      "It was saved, removed, or begun longer ago than the registry's graceMs. Begin another one.",
  });
}

function elsewhere(id: string, offset: number, is: number): RegistryError {
  return fault({
    code: "Conflict",
    action: "add to upload",
    subject: `"${id}" at byte ${offset}`,
    state: `${is} have arrived`,
    hint: "Ask how far it is, and go on from there.",
  });
}

function notWhole(id: string, offset: number, size: number): RegistryError {
  return fault({
    code: "Conflict",
    action: "use upload",
    subject: `"${id}"`,
    state: `${offset} of its ${size} bytes have arrived`,
    hint: "Send the rest first.",
  });
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "begin an upload", state, hint });
}
