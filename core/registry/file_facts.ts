// Optional fields of a file, and the error of a missing file.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { didYouMean } from "../text/nearest.ts";
import type { FileInfo } from "../record.ts";

/** Optional fields of a file. */
export type FileFacts = Omit<FileInfo, "path" | "size" | "sha256">;

const NAMES: Record<keyof FileFacts, true> = { mediaType: true, mode: true, modifiedAt: true };

/** Returns the optional fields of a file that are set. Throws `Invalid` for an invalid time. */
export function fileFacts(file: FileFacts & { path: string }): FileFacts {
  if (file.modifiedAt !== undefined) checkTime(file.path, file.modifiedAt);
  const names = Object.keys(NAMES) as (keyof FileFacts)[];
  const set = names.filter((name) => file[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, file[name]]));
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
      : `${didYouMean(path, paths)}Its files: ${named}` +
        (paths.length > MOST_NAMED ? `, … (${paths.length} in all)` : ""),
  });
}
