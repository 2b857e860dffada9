// Paths in file stores, and where links in them lead.
import { filePathProblem } from "./file_paths.ts";
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "./names.ts";

/** What stores keep for themselves begins with this, in any folder. */
export const OWN_PREFIX = ".holdfast-";

/** Name of the folder, in each folder of a disk, that holds files while they are moved out of that folder. */
export const MOVING_FOLDER = `${OWN_PREFIX}moving`;
const MAX_PATH_BYTES = 900;
const MAX_SEGMENT_BYTES = 240;

const encoder = new TextEncoder();

/**
 * Reads the path of a file or a folder in a store: empty and `.` segments are left out, so that `a//b/`, `./a/b` and
 * `a/b` are one path, and `/`, `.` and nothing at all are the root.
 *
 * @returns the path, without a `/` at either end
 * @throws {RegistryError} `Invalid` for what is no text, and for what could leave the store or has no place in each of
 * them: a `/` before a name, `..`, a backslash, NUL, names of more than 240 bytes, paths of more than 900, names that
 * begin with `.holdfast-`
 *
 * @example
 * ```ts
 * import { parsePath } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parsePath("./plate//A01/"), "plate/A01");
 * ```
 */
export function parsePath(path: string): string {
  if (typeof path !== "string") throw noPath(path, `it is not a text but ${typeof path}`);
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
  return fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(path)} as a path`,
    state: problem,
    hint: "A path is a text, relative to the root of its store: names with / between them.",
  });
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

/** A unit of UTF-16 takes three bytes at most: short texts need no count. */
function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && encoder.encode(text).byteLength > bytes;
}

/** The folder of a path; of what is at the root, and of the root, the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The text of a link at this path that leads to another path of the store, as file systems have it: relative. */
export function relativeTarget(path: string, target: string): string {
  const from = path.split("/").slice(0, -1);
  const to = target === "" ? [] : target.split("/");
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared++;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/") || ".";
}

/** The text of a link that is moved from one path to another: it leads where it led, also where that is outside. */
export function movedText(text: string, from: string, to: string): string {
  if (text.startsWith("/")) return text;
  const target = targetOf(from, text);
  return target === undefined
    ? `${relativeTarget(to, folderOf(from))}/${text}`
    : relativeTarget(to, target);
}

/** The path that a link at this path with this text leads to, or undefined where that is outside of the store. */
export function targetOf(path: string, text: string): string | undefined {
  if (text.startsWith("/")) return undefined;
  const segments = path.split("/").slice(0, -1);
  for (const step of text.split("/")) {
    if (step === "" || step === ".") continue;
    if (step !== "..") segments.push(step);
    else if (segments.pop() === undefined) return undefined;
  }
  try {
    return parsePath(segments.join("/"));
  } catch {
    return undefined; // a name that no store has
  }
}
