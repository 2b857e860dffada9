// The logs of steps that are running on this machine, before they are kept in the registry.
import { readdirSync } from "node:fs";
import { join } from "@std/path";
import { errorCode } from "../../disk/file_errors.ts";
import { encodeName } from "../../core/naming/names.ts";
import { runFolder } from "./run_context.ts";

/** Where steps of a run work. */
export interface RunPlace {
  /** `my_pipeline@3` */
  run: string;
  root: string;
  workDir: string;
}

/** What follows the step in the name of an attempt's folder: its id, and whose it is. */
const ATTEMPT = /^[0-9a-f]{8}(-\d+\.[0-9a-f]{8})?$/;

/**
 * The logs of the attempts of a step that are running here, by path: mostly one or none. One that has said nothing yet
 * has no file.
 */
export function runningLogs(place: RunPlace & { step: string }): string[] {
  const folder = runFolder(place, place);
  const prefix = `${encodeName(place.step)}-`;
  return entriesOf(folder).filter((name) =>
    name.startsWith(prefix) && ATTEMPT.test(name.slice(prefix.length))
  )
    .map((name) => join(folder, name, "log.txt"));
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
