// Marks: an environment variable by which the processes of a command are recognized.
import process from "node:process";
import { isProcessGone, thisProcess } from "../../disk/stage/process.ts";
import type { System } from "../../mod.ts";
import { readStat } from "./proc.ts";

/**
 * The variable that every process of a command inherits, unless it empties its environment. It
 * holds the marks of the commands that this one runs in, then its own: each runner ends all
 * processes below its command.
 */
export const MARK = "HOLDFAST_PROCESS";

/** `ID/PID.MACHINE/START`: a unique id, then the runner's process and when that started. */
const FORM = /^[^/ ]+\/((\d+)\.[0-9a-f]{8})\/(\d+)$/;

export function newMark(system: System): string {
  return `${system.id()}/${thisProcess()}/${startOfThis()}`;
}

/** Returns the value of {@linkcode MARK} for a command with this mark. */
export function marksOf(mark: string, system: System): string {
  return [system.env(MARK), mark].filter(Boolean).join(" ");
}

/** Returns whether the runner of a command has ended; false if that is unknown here. */
export function isRunnerGone(mark: string): boolean {
  const [, name, pid, start] = FORM.exec(mark) ?? [];
  if (name === undefined) return false;
  if (isProcessGone(name)) return true;
  const isHere = name.split(".")[1] === thisProcess().split(".")[1];
  if (start === "0" || !isHere) return false;
  const now = readStat(Number(pid));
  return now !== undefined && now.start !== Number(start); // its pid was given to another process
}

/** Returns when the runner of a command started, in ticks; 0 if unknown. */
export function sinceOf(mark: string): number {
  return Number(FORM.exec(mark)?.[3] ?? 0);
}

let ownStart: { pid: number; start: number } | undefined;

/** Returns the start time of this process; 0 if unknown. */
function startOfThis(): number {
  if (ownStart?.pid !== process.pid) {
    ownStart = { pid: process.pid, start: readStat("self")?.start ?? 0 };
  }
  return ownStart!.start;
}
