// The uploads in a store: a note and pieces for each.
import {
  concatBytes,
  createSha256,
  invalid,
  isRegistryError,
  itemAt,
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
import type { Arrived, Piece, UploadNote } from "./write_pieces.ts";

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

/** A piece whose bytes were checked, and the content of an upload that has such pieces. */
interface CheckedPiece extends Piece {
  etag?: string;
}
class UploadedContent extends StoredContent {
  pieces: readonly CheckedPiece[] = [];

  /** Names the tag of each piece, so that no other object is copied. */
  override uses(): ReturnType<StoredContent["uses"]> {
    return super.uses().map((use, at) => {
      return { ...use, place: { ...use.place, etag: this.pieces[at]?.etag } };
    });
  }
}

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
   * Returns the content of a complete upload that its sender put into the store by presigned URLs,
   * which create each object once: the store copies them. Its digest is that of the store, if one
   * object has all of it, or else of the bytes, which are read: no store has the SHA-256 of objects
   * that follow each other. Returns undefined for other uploads. Its owner can remove the upload and
   * send other objects: all that is read or copied later must have the tags that were checked.
   */
  async checked(
    upload: UploadState & Arrived,
    signal?: AbortSignal,
  ): Promise<UploadSource & StoredContent | undefined> {
    const { backend } = this.#context;
    const { id, size, sha256: known, owner, pieces } = upload;
    const isDirect = known === undefined &&
      (pieces.length === 1 || pieces.some((piece) => piece.size > MAX_PIECE_BYTES));
    if (!isDirect || !backend.presignPut || !backend.copy) return undefined;
    let sha256: string | undefined, checked: CheckedPiece[] = pieces;
    if (pieces.length === 1) {
      const info = await backend.head(itemAt(pieces, 0).key, { sha256: true, signal });
      if (info === undefined || info.size !== size) throw notThere(id);
      if (info.sha256 === undefined && size <= MAX_PIECE_BYTES) return undefined;
      sha256 = info.sha256;
      checked = [info];
    }
    sha256 ??= await this.#digest(id, checked, signal);
    const parts = checked.map((piece, object) => ({ object, size: piece.size }));
    const chunks = () => this.read(id, checked);
    const bytes = async () => concatBytes(await Array.fromAsync(chunks()));
    const keyOf = (_: unknown, { object }: { object: number }) => itemAt(checked, object).key;
    const content = new UploadedContent({ path: "content", size, sha256, parts }, {
      stored: () => ({ bytes, chunks }),
      place: { backend, keyOf },
    });
    return Object.assign(content, { sha256, owner, pieces: checked });
  }

  /** Returns the digest of pieces, and notes their tags. */
  async #digest(id: string, pieces: CheckedPiece[], signal?: AbortSignal): Promise<string> {
    const hash = createSha256();
    for await (const chunk of this.read(id, pieces)) {
      signal?.throwIfAborted();
      hash.update(chunk);
    }
    return hash.digest();
  }

  /** Reads pieces. Those that have no tag yet get that of what was read. */
  async *read(id: string, pieces: readonly CheckedPiece[]): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) {
      const object = await this.#context.backend.get(piece.key);
      if (object === undefined) throw notThere(id);
      const { etag, size } = object.info;
      piece.etag ??= etag;
      if (etag !== piece.etag || size !== piece.size) {
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

export function notThere(id: string): RegistryError {
  const state = "no such upload";
  const hint = "Begin another one. It was saved, removed, or older than the registry's graceMs.";
  return notFound("find upload", shown(id), state, { hint });
}
