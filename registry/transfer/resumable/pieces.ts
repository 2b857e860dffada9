// The stored objects of a resumable upload: its note, as object 0, and its pieces. No store can
// append, so each piece is an object, written only where none is, and numbered by where it begins:
// those that follow one another without a gap from byte 0 have arrived.
import { isPrefix } from "../../../core/backend.ts";
import { sameBytes } from "../../../core/bytes/bytes.ts";
import { fault, isRegistryError } from "../../../core/errors.ts";
import { retry } from "../../../core/retry.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { plainProblem } from "../../../core/text/plain_value.ts";
import { uploadKey, UPLOADS } from "../../layout.ts";
import type { Context } from "../../opening/context.ts";

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
export function pieceKey(id: string, start: number): string {
  return uploadKey(id, start + 1);
}

export function retrying<T>({ system, retryForMs }: Context, action: () => Promise<T>): Promise<T> {
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
