// Paths in file stores.
import { isWindows } from "../system.ts";
import { filePathProblem } from "./file_paths.ts";
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "./names.ts";

/** Prefix of the files that stores keep for themselves, in any folder. */
export const OWN_PREFIX = ".holdfast-";

const MAX_PATH_BYTES = 900;
const MAX_SEGMENT_BYTES = 240;
/** Most paths: ASCII, and no segment begins with a dot. */
const USUAL = /^\w[\w.-]*(\/\w[\w.-]*)*$/;

const encoder = new TextEncoder();

/**
 * Normalizes the path of a file or folder in a store: removes empty and `.` segments and outer
 * slashes. `/`, `.` and `""` are the root.
 *
 * @throws {RegistryError} `Invalid` for paths that could leave the store or that some store cannot
 * hold: absolute paths, `..`, backslashes, NUL, names over 240 bytes or starting with `.holdfast-`,
 * paths over 900 bytes
 */
export function parsePath(path: string): string {
  if (typeof path !== "string") throw noPath(path, `it is of type ${typeof path}, not a string`);
  if (path.length <= MAX_SEGMENT_BYTES && USUAL.test(path) && !isWindows()) return path;
  if (/^[/.]?$/.test(path)) return "";
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  const parsed = segments.join("/");
  const problem = path.startsWith("/")
    ? "it is absolute"
    : parsed === ""
    ? undefined
    : problemOf(parsed, segments);
  if (problem === undefined) return parsed;
  throw noPath(path, problem);
}

function noPath(path: unknown, problem: string): RegistryError {
  const subject = `${shown(path)} as a path`;
  const hint = "Write a path relative to the root of its store: names joined by /.";
  return fault({ code: "Invalid", action: "use", subject, state: problem, hint });
}

function problemOf(path: string, segments: string[]): string | undefined {
  if (segments.some((segment) => segment.startsWith(OWN_PREFIX))) {
    return `a name begins with "${OWN_PREFIX}"`;
  }
  if (isLonger(path, MAX_PATH_BYTES)) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  if (segments.some((segment) => isLonger(segment, MAX_SEGMENT_BYTES))) {
    return `a name is longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  return filePathProblem(path);
}

function isLonger(text: string, bytes: number): boolean {
  if (text.length * 3 <= bytes) return false; // no character of UTF-16 takes more bytes: most paths
  return text.length > bytes || encoder.encode(text).byteLength > bytes;
}

/** Returns the parent folder of a path; for the root, the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Returns the last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Returns the path of a name in a folder, which may be the root, "". */
export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
