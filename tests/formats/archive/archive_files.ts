// Helpers for tests of archives.
import { assert } from "@std/assert";
import { type ErrorCode, isRegistryError } from "../../../core/errors.ts";
import type { Format } from "../../../formats/content/format.ts";
import type { FileToDecode } from "../../../core/file_store.ts";
import type { ArchiveEntry, EntriesToSave } from "../../../formats/archive.ts";
import { contentBytes } from "../format_files.ts";
import { fileOf } from "../image_files.ts";

/** Formats of archives. */
export type ArchiveFormat = Format<ArchiveEntry[], EntriesToSave>;

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Bytes that a fixture holds as base64. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll(/\s/g, "")), (character) => character.charCodeAt(0));
}

/** The bytes of an archive of these entries. */
export async function packed(format: ArchiveFormat, entries: EntriesToSave): Promise<Uint8Array> {
  return await contentBytes(await format.encode(entries));
}

/** Returns the entries of an archive, in order: paths, modes and strings. */
export async function listed(
  format: ArchiveFormat,
  content: Uint8Array | FileToDecode,
): Promise<string[]> {
  const entries = await format.decode(content instanceof Uint8Array ? fileOf(content) : content);
  return await Promise.all(
    entries.map(async ({ path, mode = "file", bytes }) =>
      `${mode} ${path}: ${textOf(await bytes())}`
    ),
  );
}

/** That reading all of an archive fails with this code, and names the file. */
export async function assertFails(
  format: ArchiveFormat,
  content: Uint8Array,
  says = /./,
  code: ErrorCode = "Corrupt",
): Promise<void> {
  const outcome = await outcomeOf(() => listed(format, content));
  assert(isRegistryError(outcome, code), `expected ${code}, found ${outcome}`);
  assert(outcome.message.includes('"folder/image.bin"'), outcome.message);
  assert(says.test(outcome.message), outcome.message);
}

/** That writing these entries is `Unsupported`. */
export async function assertRefused(
  format: ArchiveFormat,
  entries: unknown,
  says: RegExp,
): Promise<void> {
  const outcome = await outcomeOf(() => packed(format, entries as EntriesToSave));
  assert(isRegistryError(outcome, "Unsupported"), `expected Unsupported, found ${outcome}`);
  assert(says.test(outcome.message), outcome.message);
}

/** Returns the result or the error of an action. */
export async function outcomeOf(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return error;
  }
}

/** A copy with other bytes somewhere. */
export function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** Returns the first offset of the bytes of a string, from a position on. */
export function placeOf(bytes: Uint8Array, text: string, from = 0): number {
  const place = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("").indexOf(text, from);
  assert(place >= 0, `no ${text}`);
  return place;
}
