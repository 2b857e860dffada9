// Writing what a client sends as pieces of a resumable upload.
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { retry } from "../../../core/retry.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import type { Context } from "../../opening/context.ts";
import { pieceKey, putPiece } from "./pieces.ts";

/** Maximum size of a piece, bytes. A piece is in memory until it is stored. */
const MAX_PIECE_BYTES = 8 * 1024 * 1024;
const MIN_PIECE_BYTES = 64 * 1024;
/** Memory that all unfinished pieces share, bytes: the more uploads run, the smaller their pieces. */
const HELD_BYTES = 128 * 1024 * 1024;

/** Options of {@linkcode PieceWriter.write}. */
export interface WritePiecesOptions {
  id: string;
  offset: number;
  /** Size of the whole upload, bytes. @default any */
  size?: number;
  /** Receives every byte, and then tells whether the checksum matches. Nothing is added to the upload before it does. */
  verify?: { update(bytes: Uint8Array): unknown; matches(): boolean };
}

/** Stores streams as pieces, with bounded memory. */
export interface PieceWriter {
  /**
   * Stores a stream and returns the offset of its end. If the stream fails, `write` stores what came before, then
   * throws. With `verify` it stores nothing in that case. A stream with `verify` that needs several pieces is stored
   * twice: first under an id of its own, and in the upload when its checksum matched. So no piece of an upload awaits a
   * checksum.
   */
  write(chunks: AsyncIterable<Uint8Array>, options: WritePiecesOptions): Promise<number>;
}

/** Options of {@linkcode createPieceWriter}. */
export interface PieceWriterOptions {
  /** Size of a piece, bytes. @default 8 MiB, or less while many streams share the memory */
  pieceBytes?: number;
}

/** Creates a writer. All streams of one writer share its memory. */
export function createPieceWriter(
  context: Context,
  { pieceBytes: fixed }: PieceWriterOptions = {},
): PieceWriter {
  let active = 0;
  const pieceBytes = () =>
    fixed ?? Math.min(MAX_PIECE_BYTES, Math.max(MIN_PIECE_BYTES, Math.floor(HELD_BYTES / active)));

  async function write(
    chunks: AsyncIterable<Uint8Array>,
    options: WritePiecesOptions,
  ): Promise<number> {
    let at = options.offset;
    for await (const { bytes } of cutPieces(chunks, options, pieceBytes)) {
      await putPiece(context, pieceKey(options.id, at), bytes);
      at += bytes.byteLength;
    }
    return at;
  }

  return {
    async write(chunks, options) {
      active++;
      try {
        return await (options.verify === undefined
          ? write(chunks, options)
          : writeVerified(chunks, options));
      } finally {
        active--;
      }
    },
  };

  async function writeVerified(
    chunks: AsyncIterable<Uint8Array>,
    options: WritePiecesOptions,
  ): Promise<number> {
    const { id, verify } = options;
    const aside = context.system.id(); // no upload has this id, because nothing writes its note
    const stored: string[] = [];
    let at = 0, last: Uint8Array = new Uint8Array();
    try {
      for await (const { bytes, isLast } of cutPieces(chunks, options, pieceBytes)) {
        if (isLast) {
          last = bytes;
          continue;
        }
        const key = pieceKey(aside, at);
        stored.push(key);
        await putPiece(context, key, bytes);
        at += bytes.byteLength;
      }
      if (!verify!.matches()) throw wrongChecksum(id);
      return await write(verified(stored, last), { ...options, verify: undefined });
    } finally {
      await removeObjects(context.backend, stored).catch(() => {}); // `gc` removes the rest
    }
  }

  async function* verified(
    stored: readonly string[],
    last: Uint8Array,
  ): AsyncGenerator<Uint8Array> {
    for (const key of stored) yield await readPiece(context, key);
    yield last;
  }
}

/** Cuts a stream into pieces. If it fails, what came before is the last piece; then this throws too. */
async function* cutPieces(
  chunks: AsyncIterable<Uint8Array>,
  { id, offset, size = Infinity, verify }: WritePiecesOptions,
  pieceBytes: () => number,
): AsyncGenerator<{ bytes: Uint8Array; isLast: boolean }> {
  const incoming = chunks[Symbol.asyncIterator]();
  let held = createHeld(), room = size - offset, isOver = false;
  let broken: { error: unknown } | undefined;
  const cut = () => {
    const bytes = held.bytes();
    held = createHeld();
    return { bytes, isLast: false };
  };
  try {
    for (;;) {
      const next = await incoming.next().catch((error: unknown) => void (broken = { error }));
      isOver = next === undefined || next.done === true;
      if (next === undefined || next.done) break;
      if (next.value.byteLength > room) throw tooLong(id, size);
      room -= next.value.byteLength;
      verify?.update(next.value);
      for (let rest = next.value; rest.byteLength > 0;) {
        if (held.size >= pieceBytes()) yield cut();
        rest = held.add(rest);
        // A piece that may be the last one of a request with a checksum stays in memory.
        if (verify === undefined && held.size >= pieceBytes()) yield cut();
      }
    }
    if (held.size > 0) yield { bytes: held.bytes(), isLast: true };
    if (broken !== undefined) throw broken.error;
  } finally {
    if (!isOver) await incoming.return?.().catch(() => {}); // report the first error
  }
}

async function readPiece(
  { backend, system, retryForMs }: Context,
  key: string,
): Promise<Uint8Array> {
  const passes = (error: unknown) => isRegistryError(error) && error.retry !== "never";
  return await retry(async () => {
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
  }, { system, retryForMs, passes });
}

/** Bytes of a piece that is not full yet, copied, so that the caller may reuse its memory. */
function createHeld() {
  const parts: Uint8Array[] = [];
  let tail = new Uint8Array(), used = 0, size = 0;
  return {
    get size() {
      return size;
    },
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
