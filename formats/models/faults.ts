// Errors of model files, and what is kept of their texts.
import { corruptFile, unsupportedFile } from "../content/file_faults.ts";
import type { FileFault, UnsupportedFile } from "../content/file_faults.ts";

export const corrupt: FileFault = corruptFile("model");
export const unsupported: UnsupportedFile = unsupportedFile("model");

/** Longest text in facts: they are stored as metadata. */
const MAX_TEXT = 200;
/** Most entries of a list or object in facts. */
export const MAX_LISTED = 64;

/** Cuts a text of a file, so that facts stay small. */
export function shortText(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

/** Returns the first entries of a list of names and values as an object. */
export function shortObject<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries(
    [...entries].slice(0, MAX_LISTED).map(([name, value]) => [shortText(name), value]),
  );
}

/** Counts equal texts, the most frequent first. */
export function countTexts(texts: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return shortObject([...counts].sort(([, a], [, b]) => b - a));
}
