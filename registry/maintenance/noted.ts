// Notes: JSON beside its own SHA-256, so that what is damaged is not believed.
import { sha256 } from "../../core/bytes/digest.ts";

/** A note as it is stored: the SHA-256 of the JSON, a newline, the JSON. */
export function encodeNote(note: unknown): Uint8Array {
  const text = JSON.stringify(note);
  return new TextEncoder().encode(`${sha256(text)}\n${text}`);
}

/** What a note says; undefined where it is damaged. Whoever reads it checks its shape. */
export function decodeNote(bytes: Uint8Array): unknown {
  const [sum, text = ""] = new TextDecoder().decode(bytes).split("\n");
  if (sum !== sha256(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
