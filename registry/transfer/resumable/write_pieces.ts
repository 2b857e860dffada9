// Writing what a client sends as pieces of a resumable upload.
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import type { Context } from "../../opening/context.ts";
import { pieceKey, putPiece, retrying } from "./pieces.ts";

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
