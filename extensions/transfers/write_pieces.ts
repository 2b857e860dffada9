// The stored objects of a resumable upload: its note, as object 0, and its pieces. Stores cannot
// append, so each piece is a create-only object, numbered by its offset. The pieces from byte 0 up
// to the first gap have arrived.
import { isPrefix } from "../../backends/mod.ts";
import {
  concatBytes,
  conflict,
  invalid,
  isJsonObject,
  isRegistryError,
  parsedJson,
  plainProblem,
  retry,
  sameBytes,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import { LAYOUT, type Records } from "../../registry/records.ts";

/** Maximum size of a piece, bytes. A piece is in memory until it is stored. */
export const MAX_PIECE_BYTES: number = 8 * 1024 * 1024;
const MIN_PIECE_BYTES = 64 * 1024;
/**
 * Memory that all unfinished pieces share, bytes: the more uploads run, the smaller their pieces.
 */
const HELD_BYTES = 128 * 1024 * 1024;

interface WritePiecesOptions {
  id: string;
  offset: number;
  /** Size of the whole upload, bytes. @default any */
  size?: number;
}

export interface PieceWriterOptions {
  /** Size of a piece, bytes. @default 8 MiB, or less while many streams share the memory */
  pieceBytes?: number;
}

/** Stores streams as pieces. All streams of one writer share its memory. */
export class PieceWriter {
  readonly #context: Records;
  readonly #fixed?: number;
  #active = 0;

  constructor(context: Records, { pieceBytes }: PieceWriterOptions) {
    this.#context = context;
    this.#fixed = pieceBytes;
  }

  /**
   * Stores a stream and returns the offset of its end. If the stream fails, stores the bytes
   * before, then throws.
   */
  async write(chunks: AsyncIterable<Uint8Array>, options: WritePiecesOptions): Promise<number> {
    this.#active++;
    try {
      let at = options.offset;
      for await (const bytes of this.#cut(chunks, options)) {
        await putPiece(this.#context, pieceKey(options.id, at), bytes);
        at += bytes.byteLength;
      }
      return at;
    } finally {
      this.#active--;
    }
  }

  /**
   * Cuts a stream into pieces. If it fails, yields the bytes before as a last piece, then throws.
   */
  async *#cut(
    chunks: AsyncIterable<Uint8Array>,
    { id, offset, size = Infinity }: WritePiecesOptions,
  ): AsyncGenerator<Uint8Array> {
    let held: Uint8Array[] = [], heldBytes = 0, room = size - offset;
    const cut = () => {
      const bytes = concatBytes(held);
      [held, heldBytes] = [[], 0];
      return bytes;
    };
    try {
      for await (const chunk of chunks) {
        room -= chunk.byteLength;
        if (room < 0) throw tooLong(id, size);
        for (let rest = chunk; rest.byteLength > 0;) {
          const fits = Math.max(this.#pieceBytes() - heldBytes, 1);
          // a copy: the caller may reuse its memory
          const taken = new Uint8Array(rest.subarray(0, fits));
          held.push(taken);
          heldBytes += taken.byteLength;
          rest = rest.subarray(taken.byteLength);
          if (heldBytes >= this.#pieceBytes()) yield cut();
        }
      }
    } catch (error) {
      if (room >= 0 && heldBytes > 0) yield cut();
      throw error;
    }
    if (heldBytes > 0) yield cut();
  }

  #pieceBytes(): number {
    const share = Math.floor(HELD_BYTES / this.#active);
    return this.#fixed ?? Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, share));
  }
}

function tooLong(id: string, size: number): RegistryError {
  const state = `it would exceed its declared size of ${size} bytes`;
  const hint = "Start another upload with its full size.";
  return invalid("add to upload", `"${id}"`, state, { hint });
}

/** Metadata of an upload. */
export interface UploadNote {
  /** Bytes of the complete upload. */
  size: number;
  /** Owner, as given by the program that began it. */
  owner?: string;
  /** Metadata of the client. */
  metadata?: Record<string, string | null>;
  /** SHA-256 of the content, if it arrived in one request. */
  sha256?: string;
}

export const MAX_NOTE_BYTES = 64 * 1024;

export function encodeNote(note: UploadNote): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ holdfast: "upload", ...note }));
}

/** Decodes a note; undefined for other objects, such as a file that a client sent to a URL. */
export function decodeNote(bytes: Uint8Array): UploadNote | undefined {
  const note = parsedJson(bytes);
  if (!isJsonObject(note) || note.holdfast !== "upload" || plainProblem(note)) return undefined;
  const { size, owner, metadata, sha256 } = note as unknown as UploadNote;
  const isString = (value: unknown) => value === undefined || typeof value === "string";
  const isMetadata = metadata === undefined ||
    isJsonObject(metadata) &&
      Object.values(metadata).every((text) => text === null || isString(text));
  if (!Number.isSafeInteger(size) || size < 0) return undefined;
  const isValid = isString(owner) && isString(sha256) && isMetadata;
  return isValid ? { size, owner, metadata, sha256 } : undefined;
}

export interface Piece {
  key: string;
  size: number;
}

export interface Arrived {
  pieces: Piece[];
  offset: number;
  /** Every object of the upload, including its note and pieces after a gap. */
  keys: string[];
}

export async function listPieces(
  { backend }: Records,
  id: string,
  signal?: AbortSignal,
): Promise<Arrived> {
  const sizes = new Map<string, number>();
  for await (const entry of backend.list(`${LAYOUT.UPLOADS}${id}/`, { signal })) {
    if (!isPrefix(entry)) sizes.set(entry.key, entry.size);
  }
  const pieces: Piece[] = [];
  let offset = 0;
  for (let size; (size = sizes.get(pieceKey(id, offset))); offset += size) {
    pieces.push({ key: pieceKey(id, offset), size });
  }
  return { pieces, offset, keys: [...sizes.keys()] };
}

/** Returns the key of the piece at an offset; object 0 is the note. */
export function pieceKey(id: string, start: number): string {
  return LAYOUT.uploadKey(id, start + 1);
}

function retrying<T>({ system, retryForMs }: Records, action: () => Promise<T>): Promise<T> {
  const passes = (error: unknown) => isRegistryError(error) && error.retry !== "never";
  return retry(action, { system, retryForMs, passes });
}

/** Creates an object. Equal bytes, as of an earlier try, are a success; others are `Conflict`. */
export async function putPiece(context: Records, key: string, bytes: Uint8Array): Promise<void> {
  const { backend } = context;
  await retrying(context, async () => {
    const result = await backend.put(key, bytes, { mode: "create", size: bytes.byteLength });
    if (result.written) return;
    if (sameBytes(await (await backend.get(key))?.bytes(), bytes)) return;
    const state = "another client already sent a piece at this offset";
    throw conflict("store a piece of an upload", undefined, state, {
      hint: "Read the offset of the upload, and continue there, with one client at a time.",
      key,
      backend: backend.location,
    });
  });
}
