// Presigns an upload to the store that is open here.
import type { Registry } from "../../mod.ts";
import { alreadyExists, fault, shown, unsupported } from "../../core/kernel.ts";
import type { DirectUpload, DirectUploadOptions } from "../../core/registry/transfer.ts";
import { recordsOf } from "../../registry/records.ts";
import { notThere, StoredUploads } from "./stored_uploads.ts";
import { expiryOf } from "./url_expiry.ts";
import { pieceKey } from "./write_pieces.ts";

const EXPIRY_MS = 300_000;

export async function presignNewUpload(
  registry: Registry,
  { size, sha256, crc32c, owner, upload, offset = 0, ...options }: DirectUploadOptions,
): Promise<DirectUpload> {
  const context = recordsOf(registry, "presign an upload");
  const { backend, system } = context;
  const { expiresInMs = EXPIRY_MS, signal } = options;
  context.checkWritable("presign an upload");
  const expiresAt = expiryOf(context, expiresInMs);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw invalid(`size is ${shown(size)}`, "Pass the number of bytes, at least 1.");
  }
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw invalid(
      `sha256 ${shown(sha256)} is not a digest`,
      "Pass 64 lowercase hexadecimal digits.",
    );
  }
  if (crc32c !== undefined && !/^[A-Za-z0-9+/]{6}==$/.test(crc32c)) {
    throw invalid(`crc32c ${shown(crc32c)} is not a checksum`, "Pass four bytes in base64.");
  }
  if (backend.presignPut === undefined || backend.copy === undefined) {
    throw unsupported("presign an upload", undefined, `${backend.location} cannot sign uploads`, {
      hint: "Use a bucket of S3 or GCS with credentials that can sign, or save the file.",
      backend: backend.location,
    });
  }
  const stored = new StoredUploads(context);
  const id = upload ?? system.id();
  const note = upload === undefined
    ? { size, owner, metadata: { pieceBytes: `${size}` } }
    : await stored.readNote(id, signal);
  if (note.owner !== owner) throw notThere(id);
  // Pieces with fixed places and lengths have no more bytes than the upload.
  const pieceBytes = Number(note.metadata?.pieceBytes), rest = note.size - offset;
  const isPiece = Number.isSafeInteger(offset) && offset >= 0 && offset % pieceBytes === 0;
  if (!isPiece || size !== Math.min(pieceBytes, rest)) {
    const state = `${size} bytes at ${shown(offset)} are not a piece of its ${note.size}`;
    throw invalid(state, "Begin an upload with the metadata `pieceBytes`, and send such pieces.");
  }
  const key = pieceKey(id, offset), bytes = { size, sha256, crc32c };
  // A store may close the connection instead of saying so while it gets the bytes again.
  if (upload !== undefined && await backend.head(key, { signal })) {
    throw alreadyExists("presign an upload", shown(id), `it has its piece at ${offset}`, {
      hint: "Send the next piece.",
    });
  }
  const put = await backend.presignPut(key, { ...bytes, expiresInMs, signal });
  // The note has no SHA-256: a digest in it was compared with the bytes.
  if (upload === undefined) await stored.writeNote(id, note);
  return { upload: id, ...put, expiresAt };
}

const invalid = (state: string, hint: string) =>
  fault({ code: "Invalid", action: "presign an upload", state, hint });
