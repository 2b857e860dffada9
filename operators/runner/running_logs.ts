// Logs on this machine that no record has: those of running and cancelled steps.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../disk/file_errors.ts";
import { encodeName } from "../../core/kernel.ts";
import { runFolder } from "./run_context.ts";

/** The location of a run's work folder. */
export interface RunPlace {
  /** `my_pipeline@3` */
  run: string;
  root: string;
  workDir: string;
}

/** Suffix of an attempt's folder: its id and its owner. */
const ATTEMPT = /^[0-9a-f]{8}(-\d+\.[0-9a-f]{8})?$/;

/** Returns the logs of a step's running and cancelled attempts. A log without lines has no file. */
export function runningLogs(place: RunPlace & { step: string }): string[] {
  const folder = runFolder(place, place);
  const prefix = `${encodeName(place.step)}-`;
  const isAttempt = (name: string) =>
    name.startsWith(prefix) && ATTEMPT.test(name.slice(prefix.length));
  return entriesOf(folder).filter(isAttempt).map((name) => join(folder, name, "log.txt"));
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
