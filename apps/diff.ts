/**
 * What differs between two texts, line by line. It has a door of its own since it needs a package:
 * `diffVersions` and `diffValues` of the library need none.
 *
 * @module
 */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "npm:diff@^9.0.0";

/** A text, and what it is called in the heading. */
export interface NamedText {
  /** As in `my:model@1.0.0 config.yaml`; `/dev/null` for one that is not there. */
  name: string;
  text: string;
}

/** Options of {@linkcode unifiedDiff}. */
export interface UnifiedDiffOptions {
  /** Lines around each change. @default 3 */
  contextLines?: number;
  /** Longest time that is spent on it, milliseconds; then undefined is the answer. @default 5000 */
  timeoutMs?: number;
}

/**
 * What differs between two texts, as `diff -u` and `patch` have it: an empty text where nothing does, and undefined
 * where they differ so much that finding out takes too long.
 *
 * @example
 * ```ts
 * import { unifiedDiff } from "@holdfast/holdfast/diff";
 * import { assertEquals } from "@std/assert";
 *
 * const patch = unifiedDiff({ name: "a", text: "one\ntwo\n" }, { name: "b", text: "one\nthree\n" });
 * assertEquals(patch, "--- a\n+++ b\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n");
 * ```
 */
export function unifiedDiff(
  before: NamedText,
  after: NamedText,
  { contextLines = 3, timeoutMs = 5_000 }: UnifiedDiffOptions = {},
): string | undefined {
  if (before.text === after.text) return "";
  return createTwoFilesPatch(
    before.name,
    after.name,
    before.text,
    after.text,
    undefined,
    undefined,
    {
      context: contextLines,
      timeout: timeoutMs,
      headerOptions: FILE_HEADERS_ONLY,
    },
  );
}
