// Cleans up after killed runners: ends commands of their steps and removes the folders.
import { readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isProcessGone } from "../../disk/stage/process.ts";
import type { Logger, System } from "../../mod.ts";
import { messageOf } from "../../core/kernel.ts";
import { endLeftCommand, noteMarks } from "../process/left_command.ts";
import { MARK } from "../process/marks.ts";

/** Name of the file in a step's folder that lists the processes of its running command. */
const COMMAND_NOTE = "command.pid";

/**
 * Ends commands of steps whose runner was killed, so that none runs beside its repetition, and
 * removes their folders. Ignores other machines' commands and folders, and folders that are kept.
 *
 * @param run `folder` is that of a run: the folders beside it, of other runs, are cleaned too
 */
export async function removeLeft(
  run: { folder: string; logger: Logger; system: System },
): Promise<void> {
  const { logger, system } = run;
  const folder = dirname(run.folder);
  const steps = listed(folder).flatMap((run) =>
    listed(join(folder, run)).map((name) => join(folder, run, name))
  );
  await Promise.all(steps.map((step) => endLeftCommand(join(step, COMMAND_NOTE), system)));
  removeLeftFolders(folder, logger);
}

/** Notes the marks of a runner that is part of a command. Returns the path of the note. */
export function noteStep(folder: string, system: System): string {
  const note = join(folder, COMMAND_NOTE);
  const marks = system.env(MARK);
  if (marks !== undefined && marks !== "") noteMarks(note, marks);
  return note;
}

function removeLeftFolders(folder: string, logger: Logger): void {
  for (const run of listed(folder)) {
    const leftovers = listed(join(folder, run)).filter(isLeft);
    if (leftovers.length === 0) continue;
    try {
      for (const name of leftovers) {
        rmSync(join(folder, run, name), { recursive: true, force: true });
      }
      if (listed(join(folder, run)).length === 0) rmdirSync(join(folder, run));
    } catch (error) {
      const path = join(folder, run);
      logger.warn(`Cannot remove folders of an earlier run in ${path}: ${messageOf(error)}`);
    }
  }
}

export function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It has kept folders, or was never created.
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nothing has run here
  }
}

function isLeft(name: string): boolean {
  const [, owner] = /-([1-9]\d*\.[0-9a-f]{8})$/.exec(name) ?? [];
  return owner !== undefined && isProcessGone(owner) === true;
}
