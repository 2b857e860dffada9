// The uploads in a store: a note and pieces for each.
import {
  concatBytes,
  createSha256,
  invalid,
  isRegistryError,
  notFound,
  shown,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { FileSource } from "../../materializers/mod.ts";
import { LAYOUT, type Records, StoredContent } from "../../registry/records.ts";
import {
  decodeNote,
  encodeNote,
  listPieces,
  MAX_NOTE_BYTES,
  MAX_PIECE_BYTES,
  putPiece,
} from "./write_pieces.ts";
import type { Arrived, UploadNote } from "./write_pieces.ts";

/** The state of a resumable upload. */
export interface UploadState extends UploadNote {
  id: string;
  offset: number;
  /** By the store's clock. */
  beganAt: Date;
  /** Earliest garbage collection: the registry's `graceMs` after the start. */
  expiresAt: Date;
}

/** A complete upload, as the content of a file to save. */
export interface UploadSource extends FileSource {
  readonly sha256?: string;
  readonly owner?: string;
}

/** An upload, with the tag that its only piece must have. */
type Arrivals = UploadState & Arrived & { etag?: string };

export class StoredUploads {
  readonly #context: Records;

  constructor(context: Records) {
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
    const keptForMs = await this.#context.graceMs({ moment: modifiedAt }, signal);
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
      const state = `its metadata has ${bytes.byteLength} bytes, more than ${MAX_NOTE_BYTES}`;
      const hint = "Shorten the metadata, or save part of it as a file of the artifact.";
      throw invalid("begin an upload", undefined, state, { hint });
    }
    await putPiece(this.#context, LAYOUT.uploadKey(id, 0), bytes);
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    const { backend } = this.#context;
    const key = noteKey(id);
    if (key === undefined) return;
    await backend.delete(key, { signal }); // ends the upload
    const { keys } = await listPieces(this.#context, id, signal);
    await this.#context.remove(keys, signal); // the rest is garbage collected
  }

  /**
   * Returns the content of a complete upload that its sender put into the store by a presigned URL,
   * which creates the object once: the store copies it. Its digest is that of the store, or else of
   * the bytes, which are read. Returns undefined for other uploads. Its owner can remove the upload and
   * send another object: all that is read or copied later must have the tag that was checked.
   */
  async checked(
    upload: UploadState & Arrived,
    signal?: AbortSignal,
  ): Promise<UploadSource & StoredContent | undefined> {
    const { backend } = this.#context;
    const { id, size, sha256: known, owner, pieces: [key, ...more] } = upload;
    const isDirect = key !== undefined && more.length === 0 && known === undefined;
    if (!isDirect || !backend.presignPut || !backend.copy) return undefined;
    const info = await backend.head(key, { sha256: true, signal });
    if (info === undefined || info.size !== size) throw notThere(id);
    const { etag } = info;
    if (info.sha256 === undefined && size <= MAX_PIECE_BYTES) return undefined;
    const sha256 = info.sha256 ?? await this.#digest({ ...upload, etag }, signal);
    const file = { path: "content", size, sha256, parts: [{ object: 0, size }] };
    const chunks = () => this.read({ ...upload, etag });
    const bytes = async () => concatBytes(await Array.fromAsync(chunks()));
    const place = { backend, keyOf: () => key, etag };
    const content = new StoredContent(file, { stored: () => ({ bytes, chunks }), place });
    return Object.assign(content, { sha256, owner });
  }

  async #digest(upload: Arrivals, signal?: AbortSignal): Promise<string> {
    const hash = createSha256();
    for await (const chunk of this.read(upload)) {
      signal?.throwIfAborted();
      hash.update(chunk);
    }
    return hash.digest();
  }

  async *read({ id, pieces, etag }: Arrivals): AsyncGenerator<Uint8Array> {
    for (const key of pieces) {
      const object = await this.#context.backend.get(key);
      if (object === undefined) throw notThere(id);
      if (etag !== undefined && object.info.etag !== etag) {
        await object.body.cancel();
        throw notThere(id);
      }
      yield* object.body;
    }
  }
}

function noteKey(id: string): string | undefined {
  try {
    return LAYOUT.uploadKey(id, 0);
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
  }
}

function notThere(id: string): RegistryError {
  const state = "no such upload";
  const hint = "Begin another one. It was saved, removed, or older than the registry's graceMs.";
  return notFound("find upload", shown(id), state, { hint });
}
