// Targets of written files.
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { PagedArtifact } from "../core/artifact.ts";
import { alreadyExists, fault, invalid, type RegistryError } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { errorCode } from "./file_errors.ts";
import { isUrl } from "../core/urls/local_path.ts";
import { mayRead } from "../core/may_read.ts";

export interface Target {
  kind: "file" | "folder";
  path: string;
  exists: boolean;
  /** The parent of the temporary folder, on the same disk, so that a rename suffices. */
  stageIn: string;
}

/** Rejects invalid paths. An empty one, as of an unset variable, is not the current folder. */
export function checkTo(to: unknown): void {
  if (typeof to === "string" && isUrl(to)) {
    const subject = shown(to.replace(/:.*/s, "://…"));
    const hint = 'Pass a file or folder on this machine: { to: "./out" }.';
    throw fault({ code: "Invalid", action: "write files to", subject, state: "it is a URL", hint });
  }
  if (typeof to === "string" && to !== "" && !to.includes("\0")) return;
  const state = typeof to === "string" ? "`to` is empty, or has a NUL" : "`to` is missing";
  const hint = 'Pass a file or folder: { to: "./out" }. The current folder is ".".';
  throw fault({ code: "Invalid", action: "write files", state, hint });
}

/** Resolves `to` for a version. `AlreadyExists` if it is neither free nor a folder. */
export async function findTarget(version: PagedArtifact, to: string): Promise<Target> {
  const path = resolve(to);
  const isFolder = isDirectory(path);
  if (version.count !== 1 || version.info.materializer.id === "folder") {
    if (isFolder) {
      const real = realpathSync(path);
      return { kind: "folder", path: real, exists: true, stageIn: real };
    }
    if (lookAt(path) !== undefined) throw exists(path, "it is not a folder");
    return { kind: "folder", path, exists: false, stageIn: dirname(path) };
  }
  if (!isFolder && !/[/\\]$/.test(to)) {
    return { kind: "file", path, exists: false, stageIn: dirname(path) };
  }
  const stageIn = isFolder ? realpathSync(path) : path;
  const inside = join(stageIn, basename(await onlyPath(version)));
  return { kind: "file", path: inside, exists: false, stageIn };
}

async function onlyPath({ pages }: PagedArtifact): Promise<string> {
  let path = "";
  for await (const page of pages()) path = page.files()[0]?.info.path ?? path;
  return path;
}

/** True for a folder and all below it, also for names that begin with `..`. Both are absolute. */
export function isWithin(folder: string, path: string): boolean {
  const inner = relative(folder, path);
  return inner !== ".." && !inner.startsWith(`..${sep}`) && !isAbsolute(inner);
}

/** Rejects paths in the folder of a registry, also behind links. */
export function checkOutside(folder: string, path: string): void {
  if (!isWithin(folder, path) && !isWithin(realWay(folder), realWay(path))) return;
  throw invalid("write", shown(path), "it is inside the registry", {
    hint: "Choose a path outside its folder.",
  });
}

/** Resolves the links of a path as far as it exists and may be read. */
function realWay(path: string): string {
  const above = dirname(path);
  try {
    if (mayRead(path)) return realpathSync(path);
  } catch (cause) {
    if (errorCode(cause) !== "ENOENT") return path;
  }
  return above === path ? path : join(realWay(above), basename(path));
}

export function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** The state of a path that no file replaces: as root, this could break the machine. */
export const SPECIAL = "it is a device, a pipe or a socket";

/** True for a device, a pipe or a socket, and for a link to one, such as `/dev/stdout`. */
export function isSpecial(path: string, stats: Stats | undefined = lookAt(path)): boolean {
  try {
    const end = stats?.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : stats;
    return !(end === undefined || end.isFile() || end.isDirectory() || end.isSymbolicLink());
  } catch {
    return false; // a loop of links, or one to a place that may not be read
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export function exists(path: string, state: string): RegistryError {
  return alreadyExists("write", shown(path), state, {
    hint: "Choose another path, or set `overwrite` to replace files and `delete` for folders.",
  });
}

/** True for a folder, false if there is nothing. Throws for others, also links. */
export function isFolder(path: string): boolean {
  const stats = lookAt(path);
  if (stats === undefined || stats.isDirectory()) return stats !== undefined;
  throw exists(path, stats.isSymbolicLink() ? "it is a symbolic link" : "it is a file");
}

export function unsafePath(path: string, problem: string): RegistryError {
  return invalid("write file", `${shown(path)} of the artifact`, problem, {
    hint: "Read single files with registry.open(ref) and file(path).",
    reason: { kind: "path_unsafe" },
  });
}
