/**
 * Writing the files of an artifact to disk, safely: nothing outside the target, nothing through a link, nothing
 * half-written where somebody may look.
 *
 * @module
 */
import { lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import type { Stats } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Artifact, ArtifactFile } from "../artifact.ts";
import { RegistryError } from "../errors.ts";
import { fileError } from "./file_errors.ts";
import { filePathProblem } from "./file_paths.ts";
import type { LeftOut, WrittenLinks } from "./left_out.ts";
import { shown } from "../naming/names.ts";
import type { FileInfo } from "../record/record.ts";
import { stageFiles } from "./stage_files.ts";
import type { StageOptions } from "./stage_files.ts";
import { realSystem } from "../system.ts";

/** Options of {@linkcode writeFiles}. */
export interface WriteFilesOptions {
  /**
   * Replace files that exist. Other files of an existing folder stay.
   *
   * @default false: an existing file, or a folder with content, is `AlreadyExists`
   */
  overwrite?: boolean;
  /**
   * Which symbolic links are written: `safe`, those that stay inside the folder; `unsafe`, all of them, with whatever
   * target they have; `skip`, none. What is not written stands in `leftOut`. Files are never written through a link.
   *
   * @default "safe"
   */
  links?: WrittenLinks;
  /** Ends the work; what was written so far is removed. */
  signal?: AbortSignal;
  /** Hears of each file that was read and written to the side. */
  onFile?: (file: FileInfo) => void;
}

/** What a registry says besides. */
interface WriteFilesPlan extends WriteFilesOptions, Pick<StageOptions, "writeLarge"> {
  /** The `file:` URL of a folder into which nothing is written. */
  notInside?: string;
}

/** What was written. */
export interface WrittenFiles {
  /** The file or folder, absolute. */
  path: string;
  /** Number of files. */
  files: number;
  /** Their bytes. */
  size: number;
  /** The links that were not written, and why. */
  leftOut: readonly LeftOut[];
}

const STAGE_PREFIX = ".holdfast-";

/**
 * Writes the files of an artifact.
 *
 * An artifact of one file that is not a `folder` becomes the file `to`, or goes under its own name into `to` where that
 * is a folder or ends with `/`. Others become the folder `to`. Everything is written beside or inside the target under
 * a temporary name (`.holdfast-…`) first, and renamed when it is complete and verified.
 *
 * @param to the file or folder to write
 * @throws {RegistryError} `AlreadyExists`, `Invalid` for paths that would leave the folder, `Denied`, `Corrupt`
 */
export async function writeFiles(
  artifact: Artifact,
  to: string,
  options: WriteFilesPlan = {},
): Promise<WrittenFiles> {
  const { overwrite = false, links, signal, onFile, writeLarge, notInside } = options;
  checkLinks(links);
  if (notInside !== undefined) checkOutside(fileURLToPath(notInside), resolve(to));
  const all = artifact.files();
  checkPaths(all.map(({ info }) => info));
  try {
    const target = findTarget(artifact, to);
    if (!overwrite) checkFree(target);
    mkdirSync(target.stageIn, { recursive: true });
    const stage = join(target.stageIn, `${STAGE_PREFIX}${realSystem.id()}`);
    mkdirSync(stage);
    try {
      const leftOut = await stageFiles(all, stage, { links, signal, onFile, writeLarge });
      signal?.throwIfAborted();
      const left = new Set(leftOut.map(({ path }) => path));
      const files = all.filter(({ info }) => !left.has(info.path));
      if (target.kind === "file" && files.length > 0) place(join(stage, files[0].info.path), target.path, overwrite);
      else if (target.kind === "folder" && !target.exists) renameSync(stage, target.path);
      else if (target.kind === "folder") placeAll(stage, target.path, { files, overwrite });
      const size = files.reduce((sum, { info }) => sum + info.size, 0);
      return { path: target.path, files: files.length, size, leftOut };
    } finally {
      rmSync(stage, { recursive: true, force: true });
    }
  } catch (cause) {
    throw fileError("write", to, cause);
  }
}

function checkLinks(links: WrittenLinks = "safe"): void {
  if (["safe", "unsafe", "skip"].includes(links)) return;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot write links: ${shown(String(links))} is unknown`,
    hint: "links is one of safe, unsafe, skip.",
  });
}

/** In the folder of a registry nothing but the registry writes. */
function checkOutside(folder: string, path: string): void {
  if (path !== folder && !path.startsWith(join(folder, sep))) return;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot write ${shown(path)}: it is inside the registry`,
    hint: "Choose a place outside its folder.",
  });
}

/** Throws `Invalid` unless each path is safe, and a place of its own that no other file or link is on the way to. */
function checkPaths(files: readonly FileInfo[]): void {
  const taken = new Set<string>();
  for (const { path, mode } of files) {
    const problem = filePathProblem(path) ?? (taken.has(path) ? "it occurs twice" : undefined);
    if (problem !== undefined) throw unsafePath(path, problem);
    taken.add(path);
    if (mode === "folder") taken.delete(path);
  }
  for (const { path } of files) {
    for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
      if (taken.has(path.slice(0, end))) throw unsafePath(path, "another file is where its folder should be");
    }
  }
}

interface Target {
  kind: "file" | "folder";
  /** The file or folder to write. */
  path: string;
  /** Whether the folder is there. */
  exists: boolean;
  /** The folder that the temporary folder goes into: on the same disk, so that a rename suffices. */
  stageIn: string;
}

function findTarget(artifact: Artifact, to: string): Target {
  const files = artifact.files();
  const path = resolve(to);
  const isFolder = isDirectory(path);
  if (files.length !== 1 || artifact.info.materializer.id === "folder") {
    if (isFolder) return { kind: "folder", path: realpathSync(path), exists: true, stageIn: realpathSync(path) };
    if (lookAt(path) !== undefined) throw exists(path, "it is not a folder");
    return { kind: "folder", path, exists: false, stageIn: dirname(path) };
  }
  if (!isFolder && !/[/\\]$/.test(to)) return { kind: "file", path, exists: false, stageIn: dirname(path) };
  const inside = isFolder ? realpathSync(path) : path;
  return { kind: "file", path: join(inside, basename(files[0].info.path)), exists: false, stageIn: inside };
}

function checkFree(target: Target): void {
  if (target.kind === "file" && lookAt(target.path) !== undefined) throw exists(target.path, "it exists");
  // Temporary folders inside are those of other downloads, under way or interrupted.
  const inTheWay = target.exists && readdirSync(target.path).some((name) => !name.startsWith(STAGE_PREFIX));
  if (inTheWay) throw exists(target.path, "the folder has content");
}

/** Moves all staged files into a folder that exists. */
function placeAll(stage: string, root: string, options: { files: readonly ArtifactFile[]; overwrite: boolean }): void {
  const links = options.files.filter(({ info }) => info.mode === "link");
  const others = options.files.filter(({ info }) => info.mode !== "link");
  for (const { info } of [...others, ...links]) {
    const segments = info.path.split("/");
    const folders = info.mode === "folder" ? segments : segments.slice(0, -1);
    folders.forEach((_, i) => ensureFolder(join(root, ...folders.slice(0, i + 1))));
    if (info.mode !== "folder") place(join(stage, info.path), join(root, info.path), options.overwrite);
  }
}

function place(from: string, to: string, overwrite: boolean): void {
  const found = lookAt(to);
  if (found?.isDirectory()) throw exists(to, "it is a folder");
  if (found !== undefined && !overwrite) throw exists(to, "it exists");
  renameSync(from, to); // replaces a link itself, not what it leads to
}

function ensureFolder(path: string): void {
  const found = lookAt(path);
  if (found === undefined) mkdirSync(path);
  else if (!found.isDirectory()) throw exists(path, found.isSymbolicLink() ? "it is a symbolic link" : "it is a file");
}

/** What is at a path, links not followed. */
function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function exists(path: string, state: string): RegistryError {
  return new RegistryError({
    code: "AlreadyExists",
    message: `Cannot write ${shown(path)}: ${state}`,
    hint: "Choose another place, or allow to overwrite files. Links and folders are never replaced by other things.",
  });
}

function unsafePath(path: string, problem: string): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot write file ${shown(path)} of the artifact: ${problem}`,
    hint: "Nothing was written. Read single files by registry.open(ref) and file(path).",
  });
}
