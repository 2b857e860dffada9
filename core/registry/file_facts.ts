// Optional fields of a file, and the error of a missing file.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { FileInfo } from "../record.ts";

/** Optional fields of a file. */
export type FileFacts = Pick<FileInfo, "mediaType" | "mode" | "modifiedAt">;

/** Returns the optional fields of a file that are set. Throws `Invalid` for an invalid time. */
export function fileFacts(
  { path, mediaType, mode, modifiedAt }: FileFacts & { path: string },
): FileFacts {
  if (modifiedAt !== undefined) checkTime(path, modifiedAt);
  return {
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(mode === undefined ? {} : { mode }),
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
  };
}

/** Each time has exactly one spelling, because it is part of the digest. */
function checkTime(path: string, text: string): void {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime()) && time.toISOString() === text) return;
  const state = `invalid modifiedAt ${shown(String(text))}`;
  const hint = "Pass new Date(…).toISOString().";
  throw fault({ code: "Invalid", action: "save file", subject: shown(path), state, hint });
}

/** Maximum number of files in a hint. */
const MOST_NAMED = 8;

export function noSuchFile(ref: string, path: string, there: Iterable<string>): RegistryError {
  const paths = [...there];
  const named = paths.slice(0, MOST_NAMED).map(shown).join(", ");
  return fault({
    code: "NotFound",
    action: "open file",
    subject: `${shown(path)} of "${ref}"`,
    state: "no such file",
    hint: paths.length === 0
      ? "The version has no files."
      : `Open one of ${paths.length}: ${named}${paths.length > MOST_NAMED ? ", …" : ""}`,
  });
}
