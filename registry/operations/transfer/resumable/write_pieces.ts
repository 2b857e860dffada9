// The stored objects of a resumable upload: its note, as object 0, and its pieces. No store can
// append, so each piece is an object, written only where none is, and numbered by where it begins:
// those that follow one another without a gap from byte 0 have arrived.
import { concatBytes, sameBytes } from "../../../../core/bytes/bytes.ts";
import { fault, isRegistryError, type RegistryError } from "../../../../core/errors.ts";
import { removeObjects } from "../../../../core/work/remove_objects.ts";
import type { Context } from "../../context.ts";
import { isPrefix } from "../../../../core/backend.ts";
import { retry } from "../../../../core/retry.ts";
import { isJsonObject } from "../../../../core/text/json_text.ts";
import { plainProblem } from "../../../../core/text/plain_value.ts";
import { uploadKey, UPLOADS } from "../../../format/layout.ts";

/** Maximum size of a piece, bytes. A piece is in memory until it is stored. */
const MAX_PIECE_BYTES = 8 * 1024 * 1024;
const MIN_PIECE_BYTES = 64 * 1024;
/** Memory that all unfinished pieces share, bytes: the more uploads run, the smaller their pieces. */
const HELD_BYTES = 128 * 1024 * 1024;

/** Options of writing a stream as pieces. */
export interface WritePiecesOptions {
  id: string;
  offset: number;
  /** Size of the whole upload, bytes. @default any */
  size?: number;
  /** Receives every byte, and then tells whether the checksum matches. Nothing is added to the upload before it does. */
  verify?: { update(bytes: Uint8Array): unknown; matches(): boolean };
}

/** Options of {@linkcode PieceWriter}. */
export interface PieceWriterOptions {
  /** Size of a piece, bytes. @default 8 MiB, or less while many streams share the memory */
  pieceBytes?: number;
}

/** Stores streams as pieces. All streams of one writer share its memory. */
export class PieceWriter {
  readonly #context: Context;
  readonly #fixed?: number;
  #active = 0;

  constructor(context: Context, { pieceBytes }: PieceWriterOptions) {
    this.#context = context;
    this.#fixed = pieceBytes;
  }

  /**
   * Stores a stream and returns the offset of its end. If the stream fails, it stores what came before, then throws.
   * With `verify` it stores nothing in that case. A stream with `verify` that needs several pieces is stored twice:
   * first under a unique id, and in the upload when its checksum matched. So no piece of an upload awaits a checksum.
   */
  async write(chunks: AsyncIterable<Uint8Array>, options: WritePiecesOptions): Promise<number> {
    this.#active++;
    try {
      return await (options.verify === undefined
        ? this.#store(chunks, options)
        : this.#storeVerified(chunks, options, options.verify));
    } finally {
      this.#active--;
    }
  }

  async #store(chunks: AsyncIterable<Uint8Array>, options: WritePiecesOptions): Promise<number> {
    let at = options.offset;
    for await (const bytes of this.#cut(chunks, options)) {
      await putPiece(this.#context, pieceKey(options.id, at), bytes);
      at += bytes.byteLength;
    }
    return at;
  }

  async #storeVerified(
    chunks: AsyncIterable<Uint8Array>,
    options: WritePiecesOptions,
    verify: NonNullable<WritePiecesOptions["verify"]>,
  ): Promise<number> {
    const context = this.#context;
    const aside = context.system.id(); // no upload has this id, because nothing writes its note
    const stored: string[] = [];
    let last: Uint8Array | undefined; // stays in memory, and often is all of it
    try {
      for await (const bytes of this.#cut(hashed(chunks, [verify]), options)) {
        if (last !== undefined) {
          const key = pieceKey(aside, stored.length);
          stored.push(key);
          await putPiece(context, key, last);
        }
        last = bytes;
      }
      if (!verify.matches()) throw wrongChecksum(options.id);
      return await this.#store(verified(), options);
    } finally {
      await removeObjects(context.backend, stored).catch(() => {}); // `gc` removes the rest
    }

    async function* verified(): AsyncGenerator<Uint8Array> {
      for (const key of stored) yield await readPiece(context, key);
      if (last !== undefined) yield last;
    }
  }

  /** Cuts a stream into pieces. If it fails, what came before is the last piece; then this throws too. */
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
          const taken = new Uint8Array(rest.subarray(0, fits)); // a copy: the caller may reuse its memory
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

export async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hashes: readonly ({ update(bytes: Uint8Array): unknown } | undefined)[],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (const hash of hashes) hash?.update(chunk);
    yield chunk;
  }
}

async function readPiece(context: Context, key: string): Promise<Uint8Array> {
  const { backend } = context;
  return await retrying(context, async () => {
    const bytes = await (await backend.get(key))?.bytes();
    if (bytes !== undefined) return bytes;
    throw fault({
      code: "NotFound",
      action: "add to upload",
      state: `"${key}" was deleted meanwhile`,
      hint: "Send the bytes again.",
      key,
      backend: backend.location,
    });
  });
}

function tooLong(id: string, size: number): RegistryError {
  return fault({
    code: "Invalid",
    action: "add to upload",
    subject: `"${id}"`,
    state: `it would exceed its declared size of ${size} bytes`,
    hint: "Start another upload with its full size.",
  });
}

export function wrongChecksum(id: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "add to upload",
    subject: `"${id}"`,
    state: "checksum mismatch",
    hint: "Send the bytes again from the same offset: none of them were kept.",
  });
}

/** What is known of an upload but how much of it is there. */
export interface UploadNote {
  /** Bytes that it has when it is whole. */
  size: number;
  /** Whose it is, in the words of who began it. */
  owner?: string;
  /** What its client says of it. */
  metadata?: Record<string, string | null>;
  /** SHA-256 of all of it, where it arrived in one go. */
  sha256?: string;
}

export const MAX_NOTE_BYTES = 64 * 1024;

export function encodeNote(note: UploadNote): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ holdfast: "upload", ...note }));
}

/** Decodes a note; undefined for other objects, such as a file that was sent to a presigned URL. */
export function decodeNote(bytes: Uint8Array): UploadNote | undefined {
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (!isJsonObject(said) || said.holdfast !== "upload" || plainProblem(said as never)) return;
  const { size, owner, metadata, sha256 } = said as unknown as UploadNote;
  const isText = (value: unknown) => value === undefined || typeof value === "string";
  const isMetadata = metadata === undefined ||
    isJsonObject(metadata) &&
      Object.values(metadata).every((text) => text === null || isText(text));
  if (!Number.isSafeInteger(size) || size < 0) return undefined;
  return isText(owner) && isText(sha256) && isMetadata
    ? { size, owner, metadata, sha256 }
    : undefined;
}

export interface Arrived {
  pieces: string[];
  offset: number;
  /** Every object of the upload, its note and what is behind a gap included. */
  keys: string[];
}

export async function listPieces(
  { backend }: Context,
  id: string,
  signal?: AbortSignal,
): Promise<Arrived> {
  const sizes = new Map<string, number>();
  for await (const entry of backend.list(`${UPLOADS}${id}/`, { signal })) {
    if (!isPrefix(entry)) sizes.set(entry.key, entry.size);
  }
  const pieces: string[] = [];
  let offset = 0;
  for (let size; (size = sizes.get(pieceKey(id, offset))); offset += size) {
    pieces.push(pieceKey(id, offset));
  }
  return { pieces, offset, keys: [...sizes.keys()] };
}

/** The object of the piece that begins at a byte: object 0 is the note. */
function pieceKey(id: string, start: number): string {
  return uploadKey(id, start + 1);
}

function retrying<T>({ system, retryForMs }: Context, action: () => Promise<T>): Promise<T> {
  const passes = (error: unknown) => isRegistryError(error) && error.retry !== "never";
  return retry(action, { system, retryForMs, passes });
}

/** Writes an object where none is. The same bytes are as good, as from an earlier try; other bytes are `Conflict`. */
export async function putPiece(context: Context, key: string, bytes: Uint8Array): Promise<void> {
  const { backend } = context;
  await retrying(context, async () => {
    const result = await backend.put(key, bytes, { mode: "create", size: bytes.byteLength });
    if (result.written) return;
    if (sameBytes(await (await backend.get(key))?.bytes(), bytes)) return;
    throw fault({
      code: "Conflict",
      action: "store a piece of an upload",
      state: "another client has sent one for the same place",
      hint:
        "Ask how far the upload is, and go on from there. One client at a time sends an upload.",
      key,
      backend: backend.location,
    });
  });
}
