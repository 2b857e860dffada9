// The folder that a step works in.
import { mkdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "@std/path";
import { onDisk } from "../../../disk/file_errors.ts";
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

export function makeStepFolder({ folder, parts }: StepFolder): void {
  onDisk("make the folder of a step", folder, () => {
    mkdirSync(folder, { recursive: true });
    for (const path of parts) mkdirSync(path);
  });
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
