/**
 * Folders of steps whose process was killed: nobody else removes them.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { join } from "@std/path";
import { sha256 } from "../../core/bytes/digest.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/registry.ts";

/**
 * Names this process, as a part of the name of what it works in. Numbers of processes mean something only on their
 * machine, until it is started again, and in their container.
 */
export function thisProcess(): string {
  const place = [hostname(), read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"))];
  const machine = sha256([...place, read(() => readlinkSync("/proc/self/ns/pid"))].join("\n")).slice(0, 8);
  return `${process.pid}.${machine}`;
}

/** Not every system has it. */
function read(of: () => string): string {
  try {
    return of();
  } catch {
    return "";
  }
}

/**
 * Removes folders of steps whose process is not there any more. Those of other machines are left to their runs, and those
 * that somebody asked to keep name no process.
 *
 * @param folder the folder of all runs of a pipeline
 * @param self what names this process: {@linkcode thisProcess}
 */
export function removeLeftFolders(folder: string, self: string, logger: Logger): void {
  const machine = self.slice(self.indexOf("."));
  for (const run of listed(folder)) {
    const left = listed(join(folder, run)).filter((name) => isLeft(name, machine));
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

function isLeft(name: string, machine: string): boolean {
  const pid = /-([1-9]\d*)\.[0-9a-f]{8}$/.exec(name)?.[1];
  if (pid === undefined || !name.endsWith(machine)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH"; // else it is another user's
  }
}
