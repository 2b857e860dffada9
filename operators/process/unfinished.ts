// Processes that a command leaves when it ends, though they still work on its outputs: bash does not
// wait for `tee >(sort > out)`. Such a process writes to a file of the outputs, or reads the rest of
// a pipe that nobody writes any more. A server that a step forgot does neither, and is ended.
import { realpathSync } from "node:fs";
import { sep } from "node:path";
import type { System } from "../../mod.ts";
import { type ProcessStat, readOpenFiles, readProgram } from "./proc.ts";
import type { ProcessTree } from "./process_tree.ts";

/** How long they are awaited, milliseconds. A step with a time limit may end earlier. */
const WAIT_MS = 10 * 60_000;
/** The wait becomes a line of the log after this time, milliseconds. */
const NOTE_MS = 1_000;
/** The shortest and the longest interval between two scans, milliseconds. */
const [LEAST_MS, MOST_MS] = [10, 250];

export interface Outputs {
  /** The folder of its outputs. */
  folder: string;
  /** Receives lines about processes that it left. */
  onNote(line: string): void;
  /** @default 10 minutes */
  waitMs?: number;
}

/**
 * Waits until no process of an ended command works on its outputs. Returns the names of those that
 * still do after the longest wait; none if `isStopped` returns true before.
 */
export async function awaitUnfinished(
  tree: ProcessTree,
  { folder, onNote, waitMs = WAIT_MS }: Outputs,
  { system, isStopped }: { system: System; isStopped(): boolean },
): Promise<string> {
  const begun = system.monotonic();
  let isNoted = false;
  for (let pause = LEAST_MS;; pause = Math.min(2 * pause, MOST_MS)) {
    const unfinished = findUnfinished(tree.scan() ?? [], folder);
    if (unfinished.length === 0 || isStopped()) return "";
    const names = namesOf(unfinished);
    const passed = system.monotonic() - begun;
    if (passed >= waitMs) return names;
    if (passed >= NOTE_MS && !isNoted) {
      onNote(`waiting for processes that it left: ${names}`);
      isNoted = true;
    }
    await system.sleep(pause);
  }
}

/** Returns the processes as a log names them: `sort (4711)`. Their arguments may have secrets. */
export function namesOf(processes: readonly ProcessStat[]): string {
  return processes.map(({ pid }) => `${readProgram(pid) ?? "a process"} (${pid})`).join(", ");
}

function findUnfinished(members: readonly ProcessStat[], folder: string): ProcessStat[] {
  if (members.length === 0) return [];
  const outputs = realPathOf(folder) + sep;
  const open = members.map((member) => ({ member, files: readOpenFiles(member.pid) }));
  const all = open.flatMap(({ files }) => files);
  const written = new Set(all.filter(({ isWritten }) => isWritten).map(({ target }) => target));
  return open.filter(({ files }) =>
    files.some(({ descriptor, target, isWritten }) =>
      isWritten
        ? target.startsWith(outputs)
        : descriptor === "0" && target.startsWith("pipe:[") && !written.has(target)
    )
  ).map(({ member }) => member);
}

function realPathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder; // it was removed
  }
}
