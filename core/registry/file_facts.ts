// What is said of a file besides its path and its bytes, and of one that is not there.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { FileInfo } from "../record.ts";

/** What may be said of a file besides its path and its bytes. */
export type FileFacts = Pick<FileInfo, "mediaType" | "mode" | "modifiedAt">;

/** What is said of a file, each only where it is: it goes from files that are saved into records, and back. */
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

/** One time has one text: it counts in the digest. */
function checkTime(path: string, text: string): void {
  const time = new Date(text);
  if (typeof text === "string" && !Number.isNaN(time.getTime()) && time.toISOString() === text) {
    return;
  }
  throw fault({
    code: "Invalid",
    action: "save file",
    subject: shown(path),
    state: `its modifiedAt ${shown(String(text))} is no time`,
    hint: "Write it as new Date(…).toISOString() does.",
  });
}

/** How many of its files are named. */
const MOST_NAMED = 8;

/** Why a file of a version cannot be opened: it is none of the paths that there are. */
export function noSuchFile(ref: string, path: string, there: Iterable<string>): RegistryError {
  const paths = [...there];
  const named = paths.slice(0, MOST_NAMED).map(shown).join(", ");
  return fault({
    code: "NotFound",
    action: "open file",
    subject: `${shown(path)} of "${ref}"`,
    state: "no such file",
    hint: paths.length === 0
      ? "It has none."
      : `It has ${paths.length}: ${named}${paths.length > MOST_NAMED ? ", …" : ""}`,
  });
}
