// Where the files of an artifact are written, and what may not be written at all.
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import type { Artifact } from "../core/artifact.ts";
import { fault, type RegistryError } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import type { FileInfo } from "../core/record.ts";
import { errorCode } from "./file_errors.ts";
import { filePathProblem } from "../core/naming/file_paths.ts";
import { mayRead } from "../core/may_read.ts";

export interface Target {
  kind: "file" | "folder";
  path: string;
  exists: boolean;
  /** The folder that the temporary folder goes into: on the same disk, so that a rename suffices. */
  stageIn: string;
}

/** Throws `Invalid` for what cannot be a path. An empty one, such as of a variable that is not set, is not the current folder. */
export function checkTo(to: unknown): void {
  if (typeof to === "string" && to !== "" && !to.includes("\0")) return;
  throw fault({
    code: "Invalid",
    action: "write files",
    state: typeof to === "string"
      ? "the path of where they go is empty, or has a NUL character"
      : "no path says where they go",
    hint: 'Name a file or folder: { to: "./out" }. The current folder is ".".',
  });
}

/** Finds out what `to` means for an artifact. `AlreadyExists` where something is there that is no folder. */
export function findTarget(artifact: Artifact, to: string): Target {
  const files = artifact.files();
  const path = resolve(to);
  const isFolder = isDirectory(path);
  if (files.length !== 1 || artifact.info.materializer.id === "folder") {
    if (isFolder) {
      return {
        kind: "folder",
        path: realpathSync(path),
        exists: true,
        stageIn: realpathSync(path),
      };
    }
    if (lookAt(path) !== undefined) throw exists(path, "it is not a folder");
    return { kind: "folder", path, exists: false, stageIn: dirname(path) };
  }
  if (!isFolder && !/[/\\]$/.test(to)) {
    return { kind: "file", path, exists: false, stageIn: dirname(path) };
  }
  const inside = isFolder ? realpathSync(path) : path;
  return {
    kind: "file",
    path: join(inside, basename(files[0].info.path)),
    exists: false,
    stageIn: inside,
  };
}

/** In the folder of a registry nothing but the registry writes, whichever links lead there. */
export function checkOutside(folder: string, path: string): void {
  const isOutside = (place: string, of: string) => place !== of && !place.startsWith(join(of, sep));
  if (isOutside(path, folder) && isOutside(realWay(path), realWay(folder))) return;
  throw fault({
    code: "Invalid",
    action: "write",
    subject: shown(path),
    state: "it is inside the registry",
    hint: "Choose a place outside its folder.",
  });
}

/** A path whose links are followed as far as it is there and may be read. */
function realWay(path: string): string {
  const above = dirname(path);
  try {
    if (mayRead(path)) return realpathSync(path);
  } catch (cause) {
    if (errorCode(cause) !== "ENOENT") return path;
  }
  return above === path ? path : join(realWay(above), basename(path));
}

/** Throws `Invalid` unless each path is safe, and a place of its own that no other file or link is on the way to. */
export function checkPaths(files: readonly FileInfo[]): void {
  const taken = new Set<string>();
  for (const { path, mode } of files) {
    const problem = filePathProblem(path) ?? (taken.has(path) ? "it occurs twice" : undefined);
    if (problem !== undefined) throw unsafePath(path, problem);
    taken.add(path);
    if (mode === "folder") taken.delete(path);
  }
  for (const { path } of files) {
    for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
      if (taken.has(path.slice(0, end))) {
        throw unsafePath(path, "another file is where its folder should be");
      }
    }
  }
}

/** What is at a path, links not followed. */
export function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export function exists(path: string, state: string): RegistryError {
  return fault({
    code: "AlreadyExists",
    action: "write",
    subject: shown(path),
    state,
    hint:
      "Nothing was changed. Choose another place, or allow to overwrite files; folders are never replaced by files, nor files by folders, but where what is not of the version may be deleted.",
  });
}

function unsafePath(path: string, problem: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "write file",
    subject: `${shown(path)} of the artifact`,
    state: problem,
    hint: "Nothing was written. Read single files by registry.open(ref) and file(path).",
    hints: { cli: "Nothing was written. Read single files by holdfast cat REF PATH." },
  });
}
