// The folder that a step works in. One that is empty afterwards is used again by the next step of
// its run, under that one's name: making and removing four folders takes a disk longer than a
// trivial step.
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "@std/path";
import { onDisk } from "../../../core/disk/file_errors.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Logger } from "../../../core/registry.ts";

export interface StepFolder {
  /** The folder, absolute. */
  folder: string;
  parts: [inputRoot: string, outputRoot: string, workspaceRoot: string];
}

export function stepFolder(folder: string): StepFolder {
  return {
    folder,
    parts: [join(folder, "input"), join(folder, "output"), join(folder, "workspace")],
  };
}

/**
 * Makes it.
 *
 * @param spare folders of this run that are empty and not in use, with their parts: one of them is taken
 */
export function makeStepFolder({ folder, parts }: StepFolder, spare: string[] | undefined): void {
  const empty = spare?.pop();
  onDisk("make the folder of a step", folder, () => {
    if (empty !== undefined) return renameSync(empty, folder);
    mkdirSync(folder, { recursive: true });
    for (const path of parts) mkdirSync(path);
  });
}

/** Keeps it for another step where nothing is in its parts; false where something is. */
export function spareStepFolder(
  { folder, parts }: StepFolder,
  spare: string[] | undefined,
): boolean {
  if (spare === undefined) return false;
  try {
    if (
      readdirSync(folder).length > parts.length ||
      parts.some((path) => readdirSync(path).length > 0)
    ) return false;
  } catch {
    return false; // something removed them
  }
  spare.push(folder);
  return true;
}

/** Removes it. The parts are mostly empty, and looking into each first takes several times longer. */
export function removeStepFolder({ folder, parts }: StepFolder, logger: Logger): void {
  try {
    for (const path of [...parts, folder]) rmdirSync(path);
    return;
  } catch {
    // There is something in it.
  }
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) { // as of files that a container made as another user: the step has ended all the same
    logger.warn(`Cannot remove ${folder}: ${messageOf(error)}`);
  }
}
