/**
 * Folders of steps whose process was killed: nobody else removes them.
 *
 * @module
 */
import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "@std/path";
import { isProcessGone } from "../../core/disk/stage/process.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/registry.ts";

export { thisProcess } from "../../core/disk/stage/process.ts";

/**
 * Removes folders of steps whose process is not there any more. Those of other machines are left to their runs, and those
 * that somebody asked to keep name no process.
 *
 * @param folder the folder of all runs of a pipeline
 */
export function removeLeftFolders(folder: string, logger: Logger): void {
  for (const run of listed(folder)) {
    const left = listed(join(folder, run)).filter(isLeft);
    if (left.length === 0) continue;
    try {
      for (const name of left) rmSync(join(folder, run, name), { recursive: true, force: true });
      if (listed(join(folder, run)).length === 0) rmdirSync(join(folder, run));
    } catch (error) {
      logger.warn(`Cannot remove what an earlier run left in ${join(folder, run)}: ${messageOf(error)}`);
    }
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nothing ran here
  }
}

function isLeft(name: string): boolean {
  const [, owner] = /-([1-9]\d*\.[0-9a-f]{8})$/.exec(name) ?? [];
  return owner !== undefined && isProcessGone(owner);
}
