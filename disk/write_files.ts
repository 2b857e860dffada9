// Writes the files of an artifact to disk, safely: nothing outside the target, nothing through a
// link, and no incomplete file under its final name. Files that are the same stay.
import { lutimesSync, mkdirSync, realpathSync, renameSync, utimesSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { alreadyExists, isRegistryError, notFound, type RegistryError } from "../core/errors.ts";
import { chosenAmong, type ChosenPath } from "./choose_files.ts";
import { shown } from "../core/naming/names.ts";
import type { FileInfo } from "../core/record.ts";
import { compareFile, compareFiles, type Found } from "./compare_files.ts";
import { errorCode, fileError, onDisk } from "./file_errors.ts";
import { foldersOf } from "../core/naming/file_paths.ts";
import type { DownloadChange, DownloadedFiles, DownloadOptions } from "../core/registry.ts";
import { keepMostAccess } from "./replace_file.ts";
import { checkLinks, type LinkTargets, readLinks } from "./links.ts";
import { stageFiles, type StageOptions } from "./stage_files.ts";
import { copyAt } from "./spread/local_copy.ts";
import { resumeFiles } from "./stage/resume.ts";
import { checkNames } from "./mounts/file_names.ts";
import { mountPoints, partsByMount } from "./mounts/mounts.ts";
import { openStageFolder, removeLeftFolders, type StageFolder } from "./stage/folders.ts";
import { findSurplus, removeSurplus, type Surplus } from "./surplus_files.ts";
import {
  checkOutside,
  checkPaths,
  checkTo,
  exists,
  findTarget,
  isSpecial,
  lookAt,
  SPECIAL,
  type Target,
} from "./target.ts";

/** Options of {@linkcode writeFiles}. */
export interface WriteFilesOptions
  extends Pick<DownloadOptions, "overwrite" | "delete" | "dryRun" | "links" | "signal"> {
  /** Receives each file that was read and written temporarily. */
  onFile?: (file: FileInfo) => void;
}

interface WriteFilesPlan extends WriteFilesOptions, Pick<StageOptions, "writeLarge"> {
  /** The `file:` URL of a folder that must not be written to. */
  notInside?: string;
  /** Selects files to write, and others to remove. @default all */
  chosen?: ChosenPath;
  onThere?: (file: FileInfo, bytes: number) => void;
}

/** The result of writing files to a folder. */
export type WrittenFiles = DownloadedFiles;

interface Work extends LinkTargets {
  /** The files to write: all but links that are left out. */
  files: readonly ArtifactFile[];
  states: Map<string, Found>;
  /** Files that are the same except for their time. */
  otherTimes: readonly FileInfo[];
  surplus: Surplus;
}

const NO_SURPLUS: Surplus = { paths: [], emptied: [] };
const NAMED = 3;

/**
 * Writes the files of an artifact.
 *
 * An artifact of one file that is not a `folder` becomes the file `to`, or a file in `to` if that
 * is a folder or ends with `/`. Others become the folder `to`. Existing files are compared byte by
 * byte, and only those that differ are written, beside or inside the target under a temporary name
 * (`.holdfast-…`). When all are complete and verified, other files are removed and these renamed.
 *
 * @param to the file or folder to write
 * @throws {RegistryError} `AlreadyExists`, `Invalid` for paths that would leave the folder,
 * `Denied`, `Corrupt`
 */
export async function writeFiles(
  artifact: Artifact,
  to: string,
  options: WriteFilesPlan = {},
): Promise<WrittenFiles> {
  const { dryRun = false, links, notInside, chosen } = options;
  checkTo(to);
  checkLinks(links);
  if (notInside !== undefined) checkOutside(fileURLToPath(notInside), resolve(to));
  const all = artifact.files();
  const files = chosenAmong(all, ({ info }) => info, chosen);
  if (files.length === 0 && all[0] !== undefined) throw noneChosen(artifact, all[0].info);
  checkPaths(files.map(({ info }) => info));
  try {
    const target = findTarget(artifact, to);
    const work = await planWork(files, target, options);
    const result = resultOf(target, work); // before the changes
    if (!dryRun) await carryOut(target, work, options);
    return result;
  } catch (cause) {
    throw fileError("write", to, cause);
  }
}

async function planWork(
  all: readonly ArtifactFile[],
  target: Target,
  options: WriteFilesPlan,
): Promise<Work> {
  const states = await lookAtFiles(all, target, options);
  const links = await readLinks(
    all.filter(({ info }) => states.get(info.path) !== "same"),
    options.links,
  );
  const leftOut = new Set(links.leftOut.map(({ path }) => path));
  const files = all.filter(({ info }) => !leftOut.has(info.path));
  const isFolder = target.kind === "folder" && target.exists;
  const surplus = options.delete && isFolder
    ? await findSurplus(target.path, all.map(({ info }) => info), { selects: options.chosen })
    : NO_SURPLUS;
  const going = new Set([
    ...surplus.paths.map((path) => path.replace(/\/$/, "")),
    ...surplus.emptied,
  ]);
  const different: string[] = [];
  for (const { info: { path } } of files) {
    const state = states.get(path);
    if (state === "different") different.push(path);
    else if (typeof state === "object" && !going.has(relativePath(target, state.inTheWay))) {
      throw exists(state.inTheWay, state.state);
    }
  }
  if (!options.overwrite && different.length > 0) throw differs(target, different);
  const same = files.map(({ info }) => info).filter(({ path }) => states.get(path) === "same");
  const otherTimes = same.filter((info) => hasOtherTime(info, placeOf(info, target)));
  return { files, states, otherTimes, surplus, ...links };
}

async function lookAtFiles(
  files: readonly ArtifactFile[],
  target: Target,
  { signal, onThere }: WriteFilesPlan,
): Promise<Map<string, Found>> {
  const infos = files.map(({ info }) => info);
  const onSame = (file: FileInfo) => onThere?.(file, file.size);
  const [info] = infos;
  if (target.kind === "folder" || info === undefined) {
    if (target.exists) return await compareFiles(infos, target.path, { signal, onSame });
    return new Map(infos.map(({ path }) => [path, "missing"]));
  }
  const state = await compareFile(info, target.path, { signal });
  if (state === "same") onSame(info);
  return new Map([[info.path, state]]);
}

async function carryOut(target: Target, work: Work, options: WriteFilesPlan): Promise<void> {
  await writeMissing(target, work, options);
  const folders = work.files.map(({ info }) => info)
    .filter(({ mode, modifiedAt }) => mode === "folder" && modifiedAt !== undefined);
  for (const info of new Set([...work.otherTimes, ...folders])) { // new files change folder times
    const path = placeOf(info, target);
    if (isThere(info, target) && hasOtherTime(info, path)) restoreTime(info, path);
  }
}

/** True if the parents of a file exist. Throws for links: times are never set through one. */
function isThere({ path }: FileInfo, target: Target): boolean {
  if (target.kind === "file") return true;
  return ["", ...foldersOf([path])].every((folder) => isFolder(join(target.path, folder)));
}

/** Files and the folder on their disk that they are complete in before they are renamed. */
interface StagedFiles {
  stage: StageFolder;
  files: readonly ArtifactFile[];
}

async function writeMissing(target: Target, work: Work, options: WriteFilesPlan): Promise<void> {
  const { signal, overwrite = false } = options;
  const { states, surplus } = work;
  const files = work.files.filter(({ info }) => states.get(info.path) !== "same");
  const isNew = target.kind === "folder" && !target.exists;
  if (files.length === 0 && !isNew) {
    removeSurplus(target.path, surplus, signal);
    return await removeLeftFolders({ target: target.path, stageIn: target.stageIn });
  }
  checkNoMountPoint(files.map(({ info }) => placeOf(info, target)));
  const parts = target.kind === "folder" && target.exists
    ? partsByMount(target.path, files)
    : [{ stageIn: target.stageIn, files }];
  const stages: StagedFiles[] = [];
  let isKept: boolean | undefined;
  try {
    for (const { stageIn, files } of parts) { // all before the first byte is fetched
      stages.push({ stage: await openStageFolder({ target: target.path, stageIn }), files });
    }
    for (const staged of stages) await fillStage(staged, target, work, options);
    signal?.throwIfAborted();
    removeSurplus(target.path, surplus, signal);
    await placeStages(stages, target, overwrite);
  } catch (error) {
    isKept = signal?.aborted || isRegistryError(error, "Unavailable"); // the next one resumes
    throw error;
  } finally {
    for (const { stage } of stages) {
      if (isKept) stage.leave();
      else stage.remove();
    }
  }
}

/** Writes files to a stage folder, except those that an interrupted download completed. */
async function fillStage(
  { stage, files }: StagedFiles,
  target: Target,
  { states, targets }: Work,
  { signal, onFile, onThere, writeLarge }: WriteFilesPlan,
): Promise<void> {
  const copyOf = (info: FileInfo) =>
    states.get(info.path) === "different" ? copyAt(placeOf(info, target)) : undefined;
  checkNames(files.map(({ info }) => info.path), stage.trial);
  const { missing, begun } = stage.isUsed
    ? await resumeFiles(files, stage.files, { signal, onThere, copyOf })
    : { missing: files };
  const settings = { signal, onFile, writeLarge, targets, copyOf, begun };
  await stageFiles(missing, stage.files, settings);
  for (const { info } of files) { // folders follow when nothing is written to them any more
    if (info.mode !== "folder") restoreTime(info, join(stage.files, info.path));
  }
}

/** Renames complete files to the target: a new folder as a whole. */
async function placeStages(
  stages: readonly StagedFiles[],
  target: Target,
  overwrite: boolean,
): Promise<void> {
  if (target.kind === "file") {
    for (const { stage, files } of stages) {
      for (const { info } of files) {
        await place(join(stage.files, info.path), target.path, info, overwrite);
      }
    }
    return;
  }
  const [only] = stages;
  if (!target.exists && only !== undefined && becomes(only.stage.files, target.path)) return;
  const root = realpathSync(target.path);
  for (const { stage, files } of stages) await placeAll(stage.files, root, { files, overwrite });
}

/** Throws for a file with a mount of its own, as containers have: no rename replaces it. */
function checkNoMountPoint(places: readonly string[]): void {
  const points = mountPoints();
  const point = places.find((path) => points.has(path) && !lookAt(path)?.isDirectory());
  if (point === undefined) return;
  throw alreadyExists("write", shown(point), "it is a mount point", {
    hint: "Unmount it, or leave it out with `exclude`.",
    reason: { kind: "mount_point" },
  });
}

/** Renames a folder; false if another process created the target. */
function becomes(stage: string, path: string): boolean {
  try {
    renameSync(stage, path);
    return true;
  } catch (cause) {
    if (
      ["ENOTEMPTY", "EEXIST", "EPERM"].includes(errorCode(cause) ?? "") &&
      lookAt(path)?.isDirectory()
    ) return false;
    throw cause;
  }
}

async function placeAll(
  stage: string,
  root: string,
  { files, overwrite }: { files: readonly ArtifactFile[]; overwrite: boolean },
): Promise<void> {
  const links = files.filter(({ info }) => info.mode === "link");
  const others = files.filter(({ info }) => info.mode !== "link");
  for (const { info } of [...others, ...links]) {
    const segments = info.path.split("/");
    const folders = info.mode === "folder" ? segments : segments.slice(0, -1);
    folders.forEach((_, i) => ensureFolder(join(root, ...folders.slice(0, i + 1))));
    if (info.mode !== "folder") {
      await place(join(stage, info.path), join(root, info.path), info, overwrite);
    }
  }
}

/** Renames a file, which keeps the owner of a replaced one. Another process may have written it. */
async function place(from: string, to: string, file: FileInfo, overwrite: boolean): Promise<void> {
  const replaced = lookAt(to);
  if (replaced?.isDirectory()) throw exists(to, "it is a folder");
  if (isSpecial(to, replaced)) throw exists(to, SPECIAL);
  if (replaced === undefined || overwrite) {
    if (replaced?.isFile() && file.mode !== "link") {
      keepMostAccess(from, replaced, file.mode === "executable");
    }
    renameSync(from, to); // replaces a link, not its target
  } else if (await compareFile(file, to) !== "same") throw exists(to, "it exists");
}

function ensureFolder(path: string): void {
  if (!isFolder(path)) mkdirSync(path, { recursive: true }); // another download may create it too
}

function isFolder(path: string): boolean {
  const stats = lookAt(path);
  if (stats === undefined || stats.isDirectory()) return stats !== undefined;
  throw exists(path, stats.isSymbolicLink() ? "it is a symbolic link" : "it is a file");
}

function placeOf({ path }: FileInfo, target: Target): string {
  return target.kind === "folder" ? join(target.path, path) : target.path;
}

function resultOf(
  target: Target,
  { files, states, otherTimes, surplus, leftOut }: Work,
): WrittenFiles {
  const changes: DownloadChange[] = [];
  for (const { info: { path } } of files) {
    const state = states.get(path);
    if (state !== "same") changes.push({ path, change: state === "different" ? "replace" : "add" });
  }
  const written = changes.length;
  for (const path of surplus.paths) changes.push({ path, change: "remove" });
  for (const { path } of otherTimes) changes.push({ path, change: "time" });
  if (files.length === 0 && target.kind === "folder" && !target.exists) {
    changes.push({ path: "./", change: "add" });
  }
  return {
    path: target.path,
    files: files.length,
    size: files.reduce((sum, { info }) => sum + info.size, 0),
    left: files.length - written,
    written,
    deleted: surplus.paths.length,
    changes,
    leftOut,
  };
}

function noneChosen({ info }: Artifact, { path }: FileInfo): RegistryError {
  const state = "the patterns select no file";
  const hint = `Use patterns as in .gitignore; its first file is ${shown(path)}.`;
  return notFound("download", shown(`${info.name}@${info.version}`), state, { hint });
}

function relativePath(target: Target, path: string): string {
  return relative(target.path, path).replaceAll(sep, "/");
}

function differs(target: Target, paths: readonly string[]): RegistryError {
  if (target.kind === "file") return exists(target.path, "a different file exists");
  const named = paths.slice(0, NAMED).map(shown).join(", ");
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  const what = paths.length === 1 ? "1 file differs" : `${paths.length} files differ`;
  return exists(target.path, `${what} from the version (${named}${more})`);
}

/** Sets the stored time, if any, of a path itself, not of the target of a link. */
function restoreTime(file: FileInfo, path: string): void {
  if (file.modifiedAt === undefined) return;
  const time = restoredTime(file);
  const set = time.getTime() % 1000 < 0 ? utimesSync : lutimesSync;
  onDisk("set the time of", file.path, () => set(path, time, time));
}

/** `lutimes` of Deno 2.9 has no fractions of seconds before 1970: a link gets the second before. */
function restoredTime({ modifiedAt, mode }: FileInfo): Date {
  const time = Date.parse(modifiedAt!);
  return new Date(mode === "link" && time < 0 ? Math.floor(time / 1000) * 1000 : time);
}

/** True if a path has another time than the stored one, to the millisecond. */
function hasOtherTime(file: FileInfo, path: string): boolean {
  if (file.modifiedAt === undefined) return false;
  const stats = lookAt(path);
  return stats !== undefined && Math.round(stats.mtimeMs) !== restoredTime(file).getTime();
}
