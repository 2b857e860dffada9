// Notes: JSON after its SHA-256, so that damaged notes are ignored.
import { sha256 } from "../../core/bytes/digest.ts";
import { parsedJson } from "../../core/text/json_text.ts";

/**
 * Some stores have times in seconds, or two: an object that is overwritten after it was listed must
 * show another time. So only objects that were written this long before are noted.
 */
export const RACY_MS = 10_000;

/** Encodes a note: the SHA-256 of the JSON, a newline, the JSON. */
export function encodeNote(note: unknown): Uint8Array {
  const text = JSON.stringify(note);
  return new TextEncoder().encode(`${sha256(text)}\n${text}`);
}

/** Returns the digest with which a note begins. */
export function digestOfNote(note: Uint8Array): string {
  return new TextDecoder().decode(note.subarray(0, 64));
}

/** Decodes a note; undefined if it is damaged. Callers check its shape. */
export function decodeNote(bytes: Uint8Array): unknown {
  const [digest, text = ""] = new TextDecoder().decode(bytes).split("\n");
  return digest === sha256(text) ? parsedJson(text) : undefined;
}
