// The pieces of a resumable upload. No store can append, so that each piece is an object, written
// only where none is, and numbered by where it begins: those that follow one another without a gap
// from byte 0 have arrived.
import { isPrefix } from "../../../core/backend.ts";
import { sameBytes } from "../../../core/bytes/bytes.ts";
import { fault, isRegistryError } from "../../../core/errors.ts";
import { retry } from "../../../core/retry.ts";
import { uploadKey, UPLOADS } from "../../layout.ts";
import type { Context } from "../../opening/context.ts";

export interface Piece {
  key: string;
  size: number;
}

export interface Arrived {
  /** The pieces, in order. */
  pieces: Piece[];
  offset: number;
  keys: string[];
}

/** Lists what has arrived. */
export async function listPieces(
  { backend }: Context,
  id: string,
  signal?: AbortSignal,
): Promise<Arrived> {
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
export function pieceKey(id: string, start: number): string {
  return uploadKey(id, start + 1);
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
    throw fault({
      code: "Conflict",
      action: "store a piece of an upload",
      state: "another client has sent one for the same place",
      hint:
        "Ask how far the upload is, and go on from there. One client at a time sends an upload.",
      key,
      backend: backend.location,
    });
  }, { system, retryForMs, passes });
}
