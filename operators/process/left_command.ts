// Ends commands of a killed runner before their step is repeated.
//
// A runner notes the processes of its command in a file: the marks of the command, then its first
// process and the start time of that process.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { System } from "../../mod.ts";
import { isRunnerGone, MARK, sinceOf } from "./marks.ts";
import { listPids, readStat } from "./proc.ts";
import { ProcessTree } from "./process_tree.ts";

/** The grace of processes whose runner was killed, milliseconds. */
const GRACE_MS = 5_000;

/** Notes the marks of a command before it starts, or of this process if it is part of a command. */
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

export async function removeNote(path: string): Promise<void> {
  await rm(path, { force: true });
}

/**
 * Ends the processes of a command if its runner, or that of an enclosing command, was killed. Does
 * nothing if the runner still runs, or ran on another machine or in another container.
 *
 * @param path file with the note
 * @param graceMs time between TERM and KILL
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
  const tree = new ProcessTree({
    root: pid,
    earlier: { start, since: sinceOf(mark) },
    mark,
    system,
  });
  await tree.end(graceMs);
  await removeNote(path);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
