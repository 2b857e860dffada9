// Optional fields of a file, and the error of a missing file.
import type { ArtifactInfo } from "../artifact.ts";
import { fault, invalid, notFound } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { didYouMean } from "../text/nearest.ts";
import type { FileInfo } from "../record.ts";
import { valueFiles } from "../naming/value_files.ts";

/** @internal */
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

/** Returns a file by its path, or without a path the only one of the value. */
export function pickFile<T>(
  { name, version, metadata }: Pick<ArtifactInfo, "name" | "version" | "metadata">,
  files: ReadonlyMap<string, T>,
  path?: string,
): T {
  const ref = `${name}@${version}`;
  const [only, other] = path === undefined
    ? valueFiles([...files.keys()], metadata, (path) => path)
    : [path];
  const file = only === undefined || other !== undefined ? undefined : files.get(only);
  if (file !== undefined) return file;
  const paths = [...files.keys()];
  const more = paths.length > MOST_NAMED ? `, … (${paths.length} in all)` : "";
  const named = paths.slice(0, MOST_NAMED).map(shown).join(", ") + more;
  if (path === undefined) {
    throw invalid("choose a file of", `"${ref}"`, `it has ${paths.length} files`, {
      hint: paths.length === 0 ? "The version has no files." : `Name one: ${named}`,
    });
  }
  throw notFound("open file", `${shown(path)} of "${ref}"`, "no such file", {
    hint: paths.length === 0
      ? "The version has no files."
      : `${didYouMean(path, paths)}Its files: ${named}`,
  });
}
