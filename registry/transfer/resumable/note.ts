// What is noted of a resumable upload, as the object 0 of its folder.
import { isJsonObject } from "../../../core/text/json_text.ts";
import { plainProblem } from "../../../core/text/plain_value.ts";

/** What is known of an upload but how much of it is there. */
export interface UploadNote {
  size: number;
  owner?: string;
  metadata?: Record<string, string | null>;
  sha256?: string;
}

/** Longest note, bytes. */
export const MAX_NOTE_BYTES = 64 * 1024;

/** A note as bytes. */
export function encodeNote(note: UploadNote): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ holdfast: "upload", ...note }));
}

/** A note of bytes; undefined for what is none, such as a file that was sent by a presigned URL. */
export function decodeNote(bytes: Uint8Array): UploadNote | undefined {
  const said = parsed(bytes);
  if (said?.holdfast !== "upload" || plainProblem(said as never) !== undefined) return undefined;
  const { size, owner, metadata, sha256 } = said;
  if (!Number.isSafeInteger(size) || (size as number) < 0) return undefined;
  if (owner !== undefined && typeof owner !== "string") return undefined;
  if (sha256 !== undefined && typeof sha256 !== "string") return undefined;
  const isText = (value: unknown) => value === null || typeof value === "string";
  if (
    metadata !== undefined && !(isJsonObject(metadata) && Object.values(metadata).every(isText))
  ) return undefined;
  return { size: size as number, owner, metadata: metadata as UploadNote["metadata"], sha256 };
}

function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
