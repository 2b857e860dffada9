/**
 * The pieces of a resumable upload. No store can append, so that each piece is an object, written only where none is, and
 * numbered by where it begins: those that follow one another without a gap from byte 0 have arrived.
 *
 * @module
 */
import { isPrefix } from "../../../core/backend.ts";
import { concatBytes, sameBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { retry } from "../../../core/retry.ts";
import { uploadKey, UPLOADS } from "../../layout.ts";
import type { Context } from "../../opening/context.ts";

/** Most bytes of a piece. It is held in memory until the store has it. */
const MAX_PIECE_BYTES = 8 * 1024 * 1024;
const MIN_PIECE_BYTES = 64 * 1024;
/** What all pieces that are being filled may hold together, bytes: the more there are, the sooner each is stored. */
const HELD_BYTES = 128 * 1024 * 1024;

/** A piece that has arrived. */
export interface Piece {
  /** Its object. */
  key: string;
  /** Number of bytes. */
  size: number;
}

/** What has arrived of an upload. */
export interface Arrived {
  /** The pieces, in order. */
  pieces: Piece[];
  /** Bytes of all of them. */
  offset: number;
  /** Every object of the upload, its note and what is behind a gap included. */
  keys: string[];
}

/** Lists what has arrived. */
export async function listPieces({ backend }: Context, id: string, signal?: AbortSignal): Promise<Arrived> {
  const folder = `${UPLOADS}${id}/`;
  const sizes = new Map<string, number>();
  for await (const entry of backend.list(folder, { signal })) {
    if (!isPrefix(entry)) sizes.set(entry.key, entry.size);
  }
  const pieces: Piece[] = [];
  let offset = 0;
  for (;;) {
    const key = pieceKey(id, offset), size = sizes.get(key) ?? 0;
    if (size === 0) return { pieces, offset, keys: [...sizes.keys()] };
    pieces.push({ key, size });
    offset += size;
  }
}

/** The object of the piece that begins at a byte: object 0 is the note. */
function pieceKey(id: string, start: number): string {
  return uploadKey(id, start + 1);
}

/** How pieces are written. */
export interface WritePiecesOptions {
  /** The upload. */
  id: string;
  /** Where the first byte belongs. */
  offset: number;
  /** Bytes of the whole upload. @default any */
  size?: number;
  /** Hears of every byte before it is stored, and says at the end whether they are the right ones: else none counts. */
  verify?: { update(bytes: Uint8Array): unknown; matches(): boolean };
}

/** Stores streams as pieces, with bounded memory. */
export interface PieceWriter {
  /**
   * Stores what comes until it ends, and returns how far the upload is. Where it breaks off, what came before is stored,
   * unless it was to be verified; then it throws.
   */
  write(chunks: AsyncIterable<Uint8Array>, options: WritePiecesOptions): Promise<number>;
}

/** Creates what stores streams as pieces: all that one writer is given at once share its memory. */
export function createPieceWriter(context: Context): PieceWriter {
  let active = 0;
  const pieceBytes = () => Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, Math.floor(HELD_BYTES / active)));

  async function write(chunks: AsyncIterable<Uint8Array>, options: WritePiecesOptions): Promise<number> {
    const { id, offset, size = Infinity, verify } = options;
    let start = offset, broken: { error: unknown } | undefined;
    let held = createHeld();
    let first: { key: string; bytes: Uint8Array } | undefined; // of what is to be verified, stored last: without it nothing counts
    const stored: string[] = [];
    const flush = async () => {
      if (held.size === 0) return;
      const piece = { key: pieceKey(id, start), bytes: held.bytes() };
      start += held.size;
      held = createHeld();
      if (verify !== undefined && first === undefined) return void (first = piece);
      stored.push(piece.key);
      await putPiece(context, piece.key, piece.bytes);
    };
    const incoming = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await incoming.next().catch((error: unknown) => void (broken = { error }));
        if (next === undefined || next.done) break;
        if (start + held.size + next.value.byteLength > size) throw tooLong(id, size);
        verify?.update(next.value);
        for (let rest = next.value; rest.byteLength > 0;) {
          rest = held.add(rest);
          if (held.size >= pieceBytes()) await flush();
        }
      }
      if (verify === undefined) await flush();
      if (broken !== undefined) throw broken.error;
      if (verify !== undefined) {
        await flush();
        if (!verify.matches()) throw notAsSaid(id);
        if (first !== undefined) await putPiece(context, first.key, first.bytes);
      }
      return start;
    } catch (error) {
      if (broken === undefined) await incoming.return?.().catch(() => {}); // the error counts that ended it
      if (verify !== undefined) await Promise.allSettled(stored.map((key) => context.backend.delete(key)));
      throw error;
    }
  }

  return {
    async write(chunks, options) {
      active++;
      try {
        return await write(chunks, options);
      } finally {
        active--;
      }
    },
  };
}

/** Bytes of a piece that is not full yet, copied: who gave them may use their memory again. */
function createHeld() {
  const parts: Uint8Array[] = [];
  let tail = new Uint8Array(), used = 0, size = 0;
  return {
    get size() {
      return size;
    },
    /** Takes what fits, and returns the rest. */
    add(bytes: Uint8Array): Uint8Array {
      const taken = bytes.subarray(0, MAX_PIECE_BYTES - size);
      for (let rest = taken; rest.byteLength > 0;) {
        if (used === tail.byteLength) {
          parts.push(tail = new Uint8Array(Math.max(rest.byteLength, MIN_PIECE_BYTES)));
          used = 0;
        }
        const fits = rest.subarray(0, tail.byteLength - used);
        tail.set(fits, used);
        used += fits.byteLength;
        rest = rest.subarray(fits.byteLength);
      }
      size += taken.byteLength;
      return bytes.subarray(taken.byteLength);
    },
    bytes(): Uint8Array {
      return concatBytes([...parts.slice(0, -1), tail.subarray(0, used)]);
    },
  };
}

/**
 * Writes an object where none is. A fault that may pass is waited for. Whoever wrote the same bytes there, as an earlier
 * try whose reply was lost, it is as good; other bytes are `Conflict`.
 */
export async function putPiece(context: Context, key: string, bytes: Uint8Array): Promise<void> {
  const { backend, system, retryForMs } = context;
  const passes = (error: unknown) => isRegistryError(error) && error.retry !== "never";
  await retry(async () => {
    const result = await backend.put(key, bytes, { mode: "create", size: bytes.byteLength });
    if (result.written) return;
    const there = await (await backend.get(key))?.bytes();
    if (sameBytes(there, bytes)) return;
    throw new RegistryError({
      code: "Conflict",
      message: "Cannot store a piece of an upload: another client has sent one for the same place",
      hint: "Ask how far the upload is, and go on from there. One client at a time sends an upload.",
      key,
      backend: backend.location,
    });
  }, { system, retryForMs, passes });
}

function tooLong(id: string, size: number): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot add to upload "${id}": it would have more than the ${size} bytes that were said`,
    hint: "Begin another upload, and say how many bytes it has.",
  });
}

function notAsSaid(id: string): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot add to upload "${id}": what arrived does not have the checksum that was said`,
    hint: "Nothing of it was kept. Send it again from the same offset.",
  });
}
