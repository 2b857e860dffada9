// Ends commands whose runner was killed, before their step is repeated.
//
// A runner writes a file about the processes of its command. The first line has the marks of the
// command, the second line its first process and the start time of that.
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { System } from "../../core/system.ts";
import { isRunnerGone, MARK, sinceOf } from "./marks.ts";
import { listPids, readStat } from "./proc.ts";
import { ProcessTree } from "./process_tree.ts";

/** The grace of processes whose runner was killed, milliseconds. */
const GRACE_MS = 5_000;

/** Notes the marks of a command that is about to start, or of this process, if it is part of a command. */
export function noteMarks(path: string, marks: string): void {
  writeFileSync(path, `${marks}\n`);
}

export function noteRoot(path: string, pid: number): void {
  try {
    appendFileSync(path, `${pid} ${readStat(pid)?.start ?? 0}\n`);
  } catch {
    // The disk is full. The command already runs, and its marks are noted.
  }
}

export function removeNote(path: string): void {
  rmSync(path, { force: true });
}

/**
 * Ends the processes of a command whose runner was killed, or the runner of a command around it. Does nothing if the
 * runner still runs, or ran on another machine or in another container.
 *
 * @param path where the command was noted
 * @param graceMs how long its processes have between TERM and KILL
 */
export async function endLeftCommand(
  path: string,
  system: System,
  graceMs: number = GRACE_MS,
): Promise<void> {
  const [marks = "", root = ""] = read(path).split("\n");
  const own = system.env(MARK)?.split(" ") ?? [];
  const mark = marks.split(" ").find((mark) => !own.includes(mark) && isRunnerGone(mark));
  if (mark === undefined || listPids() === undefined) return;
  const [pid = 0, start = 0] = root.split(" ").map(Number);
  await new ProcessTree({ root: pid, left: { start, since: sinceOf(mark) }, mark, system }).end(
    graceMs,
  );
  removeNote(path);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
