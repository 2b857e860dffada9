// Values to save.
import { randomFillSync } from "node:crypto";
import { sha256 } from "../../core/bytes/digest.ts";

export const MIB = 1024 * 1024;

/** An object whose JSON has about `bytes` bytes. */
export function smallObject(seed: number, bytes = 1024): Record<string, unknown> {
  const value = { seed, items: Array.from({ length: 20 }, (_, i) => i), text: "" };
  const block = sha256(String(seed));
  const rest = bytes - JSON.stringify(value).length;
  return { ...value, text: block.repeat(Math.ceil(rest / block.length)).slice(0, rest) };
}

/** Bytes that do not repeat within a MiB. */
export function randomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let offset = 0; offset < size; offset += MIB) {
    randomFillSync(bytes, offset, Math.min(MIB, size - offset));
  }
  return bytes;
}
