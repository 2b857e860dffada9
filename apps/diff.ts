/**
 * Line-by-line differences of two strings. This is a separate entry point because it needs a
 * package; `diffVersions` and `diffValues` of the library do not.
 *
 * @module
 */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "npm:diff@^9.0.0";

/** A string and its name in the heading of a patch. */
interface NamedText {
  /** For example `my:model@1.0.0 config.yaml`; `/dev/null` for a missing file. */
  name: string;
  text: string;
}

/**
 * Returns the differences of two strings in the format of `diff -u` and `patch`: empty if they are
 * equal, undefined if the time limit is reached.
 */
export function unifiedDiff(
  before: NamedText,
  after: NamedText,
  { timeoutMs = 5_000 }: {
    /** Time limit, milliseconds. @default 5000 */
    timeoutMs?: number;
  } = {},
): string | undefined {
  if (before.text === after.text) return "";
  const options = { context: 3, timeout: timeoutMs, headerOptions: FILE_HEADERS_ONLY };
  const names = [before.name, after.name] as const;
  return createTwoFilesPatch(...names, before.text, after.text, undefined, undefined, options);
}
