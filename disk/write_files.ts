// Writes the files of a version to disk, safely: nothing outside the target, nothing through a
// link, and no incomplete file under its final name. Files that are the same stay.
//
// The list of files may be longer than memory: pages of it are read twice, first to plan, then to
// fetch into a stage folder. Memory holds a byte for each file, and a row for each link, each folder
// of the version, and with `delete` each path.
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Artifact, type ArtifactFile, onePage, type PagedArtifact } from "../core/artifact.ts";
import { isRegistryError } from "../core/errors.ts";
import type { FileInfo } from "../core/record.ts";
import type { DownloadedFiles } from "../core/registry.ts";
import { fileError } from "./file_errors.ts";
import { checkLinks } from "./links.ts";
import { checkNames } from "./mounts/file_names.ts";
import { partsByMount } from "./mounts/mounts.ts";
import { pathsBelow } from "./paths_below.ts";
import { hasOtherTime, isThere, placeOf, restoreTime } from "./stage/file_times.ts";
import { becomes, place, placeAll } from "./stage/place_files.ts";
import {
  chosenFiles,
  DIFFERENT,
  MISSING,
  OTHER_TIME,
  type Plan,
  planFiles,
} from "./stage/plan_files.ts";
import { copyAt } from "./spread/local_copy.ts";
import { stageFiles } from "./stage_files.ts";
import { openStageFolder, removeLeftFolders, type StageFolder } from "./stage/folders.ts";
import { resumeFiles } from "./stage/resume.ts";
import type { WriteFilesOptions, WriteFilesPlan } from "./stage/write_options.ts";
import { removeSurplus } from "./surplus_files.ts";
import { checkOutside, checkTo, findTarget, lookAt, type Target } from "./target.ts";

export type { WriteFilesOptions };

/** The result of writing files to a folder. */
export type WrittenFiles = DownloadedFiles;

/**
 * Writes the files of a version.
 *
 * A version of one file that is not a `folder` becomes the file `to`, or a file in `to` if that
 * is a folder or ends with `/`. Others become the folder `to`. Existing files are compared byte by
 * byte, and only those that differ are written, beside or inside the target under a temporary name
 * (`.holdfast-…`). When all are complete and verified, other files are removed and these renamed.
 *
 * @param to the file or folder to write
 * @throws {RegistryError} `AlreadyExists`, `Invalid` for paths that would leave the folder,
 * `Denied`, `Corrupt`
 */
export async function writeFiles(
  opened: Artifact | PagedArtifact,
  to: string,
  options: WriteFilesPlan = {},
): Promise<WrittenFiles> {
  const { dryRun = false, links, notInside } = options;
  checkTo(to);
  checkLinks(links);
  if (notInside !== undefined) checkOutside(fileURLToPath(notInside), resolve(to));
  const version = "pages" in opened ? opened : onePage(opened);
  try {
    const target = await findTarget(version, to);
    const plan = await planFiles(version, target, options);
    if (!dryRun) await writeMissing(version, target, plan, options);
    await setTimes(version, target, plan, options);
    return plan.result;
  } catch (cause) {
    throw fileError("write", to, cause);
  }
}

/** Sets the times of files that were there, and of folders, which new files change. */
async function setTimes(
  version: PagedArtifact,
  target: Target,
  plan: Plan,
  { chosen, dryRun }: WriteFilesPlan,
): Promise<void> {
  const restore = (info: FileInfo) => {
    const path = placeOf(info, target);
    if (!dryRun && isThere(info, target) && hasOtherTime(info, path)) restoreTime(info, path);
  };
  if (plan.otherTimes > 0) {
    let page = 0;
    for await (const all of chosenFiles(version, chosen)) {
      const files = plan.filesIn(page++, all, OTHER_TIME);
      plan.addTimes(files);
      files.forEach(({ info }) => restore(info));
    }
  }
  plan.folders.forEach(restore);
}

async function writeMissing(
  version: PagedArtifact,
  target: Target,
  plan: Plan,
  options: WriteFilesPlan,
): Promise<void> {
  const { signal, overwrite = false } = options;
  const { surplus, result: { written } } = plan;
  const isNew = target.kind === "folder" && !target.exists;
  if (written === 0 && !isNew) {
    removeSurplus(target.path, surplus, signal);
    return await removeLeftFolders({ target: target.path, stageIn: target.stageIn });
  }
  const stages = new Stages(target);
  try {
    await fillStages(stages, version, target, plan, options);
    signal?.throwIfAborted();
    removeSurplus(target.path, surplus, signal);
    await stages.place(overwrite);
    stages.end();
  } catch (error) {
    stages.end(signal?.aborted || isRegistryError(error, "Unavailable")); // the next one resumes
    throw error;
  }
}

/** Writes all files that are not the same to stage folders. */
async function fillStages(
  stages: Stages,
  version: PagedArtifact,
  target: Target,
  plan: Plan,
  options: WriteFilesPlan,
): Promise<void> {
  let page = 0;
  if (!target.exists) await stages.open(target.stageIn);
  for await (const all of chosenFiles(version, options.chosen)) {
    const different = new Set(plan.filesIn(page, all, DIFFERENT));
    const files = plan.filesIn(page++, all, MISSING, DIFFERENT);
    plan.checkNoMountPoint(files);
    const parts = target.kind === "folder" && target.exists
      ? partsByMount(target.path, files)
      : [{ stageIn: target.stageIn, files }];
    const opened: [StageFolder, readonly ArtifactFile[]][] = [];
    for (const { stageIn, files } of parts) { // all before the first byte is fetched
      if (files.length > 0) opened.push([await stages.open(stageIn), files]);
    }
    for (const [stage, files] of opened) {
      const copyOf = (file: ArtifactFile) =>
        different.has(file) ? copyAt(placeOf(file.info, target)) : undefined;
      await fillStage(stage, files, copyOf, plan, options);
    }
  }
}

/** Writes files to a stage folder, except those that an interrupted download completed. */
async function fillStage(
  stage: StageFolder,
  files: readonly ArtifactFile[],
  copyFor: (file: ArtifactFile) => ReturnType<typeof copyAt>,
  { targets }: Plan,
  { signal, onFile, onThere, writeLarge }: WriteFilesPlan,
): Promise<void> {
  const byPath = new Map(files.map((file) => [file.info.path, file]));
  const copyOf = ({ path }: FileInfo) => copyFor(byPath.get(path)!);
  checkNames(files.map(({ info }) => info.path), stage.trial);
  const { left } = stage;
  const { missing, begun } = left.length > 0
    ? await resumeFiles(files, stage.files, { left, signal, onThere, copyOf })
    : { missing: files };
  const settings = { signal, onFile, writeLarge, targets, copyOf, begun };
  await stageFiles(missing, stage.files, settings);
  for (const { info } of files) { // folders follow when nothing is written to them any more
    if (info.mode !== "folder") restoreTime(info, join(stage.files, info.path));
  }
}

/** The folders in which files are complete before they are renamed: one on each disk. */
class Stages {
  readonly #target: Target;
  readonly #opened = new Map<string, StageFolder>();

  constructor(target: Target) {
    this.#target = target;
  }

  async open(stageIn: string): Promise<StageFolder> {
    const known = this.#opened.get(stageIn);
    if (known !== undefined) return known;
    const stage = await openStageFolder({ target: this.#target.path, stageIn });
    this.#opened.set(stageIn, stage);
    return stage;
  }

  /** Renames complete files to the target: a new folder as a whole. */
  async place(overwrite: boolean): Promise<void> {
    const { kind, path, exists } = this.#target;
    const stages = [...this.#opened.values()];
    if (kind === "file") return await this.#placeFile(stages, overwrite);
    const [only] = stages;
    if (!exists && only !== undefined && becomes(only.files, path)) return;
    const root = realpathSync(path);
    for (const stage of stages) await placeAll(stage.files, root, overwrite);
  }
  async #placeFile(stages: readonly StageFolder[], overwrite: boolean): Promise<void> {
    for (const { files } of stages) {
      for await (const inside of pathsBelow(files)) {
        const from = join(files, inside);
        if (lookAt(from)?.isDirectory() === false) await place(from, this.#target.path, overwrite);
      }
    }
  }

  /** Removes the folders, or leaves them for the next download. */
  end(isKept = false): void {
    for (const stage of this.#opened.values()) {
      if (isKept) stage.leave();
      else stage.remove();
    }
  }
}
