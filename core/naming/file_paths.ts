// Relative paths of files inside an artifact.
import { isWindows } from "../system.ts";

const WINDOWS_DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
// deno-lint-ignore no-control-regex
const WINDOWS_REFUSED = /[<>:"|?*\u0000-\u001f]|[. ]$/;

/** Returns why a path is invalid, on Windows with `windows`; undefined if it is valid. */
export function filePathProblem(
  path: string,
  windows: boolean = isWindows(),
): string | undefined {
  if (path === "") return "it is empty";
  if (!path.isWellFormed()) return "it is not well-formed Unicode";
  if (path.includes("\0")) return "it has a NUL character";
  if (path.includes("\\")) return "it has a backslash";
  if (path.startsWith("/")) return "it is absolute";
  if (/^[A-Za-z]:/.test(path)) return "it begins with a drive letter";
  for (const segment of path.split("/")) {
    if (segment === "") return "it has an empty segment";
    if (segment === "." || segment === "..") return `it has a "${segment}" segment`;
    if (windows && WINDOWS_DEVICE.test(segment)) return "it has a device name of Windows";
    if (windows && WINDOWS_REFUSED.test(segment)) return "it has a name that Windows cannot store";
  }
}

/** Returns the folders above paths, each once. */
export function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (const folder of foldersAbove(path)) {
      if (folders.has(folder)) break; // so are its parents
      folders.add(folder);
    }
  }
  return folders;
}

/** Yields the folders above a path, the deepest first. */
export function* foldersAbove(path: string): Generator<string> {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    yield path.slice(0, end);
  }
}

/**
 * Returns why a symbolic link must not have this target, or undefined. A target is relative and
 * does not leave the artifact. Only its beginning may have `..`: after a name, it could climb from
 * where another link leads.
 */
export function linkTargetProblem(path: string, target: string): string | undefined {
  if (target === "") return "its target is empty";
  if (target.startsWith("/")) return "its target is absolute";
  const steps = target.split("/").filter((step) => step !== "" && step !== ".");
  const climbs = steps.findIndex((step) => step !== "..");
  const names = climbs < 0 ? [] : steps.slice(climbs);
  if (steps.length - names.length > path.split("/").length - 1) return "its target is outside";
  const problem = names.length === 0 ? undefined : filePathProblem(names.join("/"));
  return problem === undefined ? undefined : `its target is invalid (${problem})`;
}
