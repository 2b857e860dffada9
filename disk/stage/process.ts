// Names of processes that own folders, and their life.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { sha256 } from "../../core/bytes/digest.ts";
import { isGranted } from "../../core/system.ts";
import { mayRead } from "../../core/may_read.ts";

/** A name: the process number, or 0 for none, and the machine. */
const PROCESS_NAME = /^(0|[1-9]\d*)\.([0-9a-f]{8})$/;

let machine: string | undefined;
/**
 * True if no other machine or container has that name. Deno hides identities without permission.
 */
let isCertain = false;

/**
 * Returns the name of this process, a part of file names. Process numbers are valid on their
 * machine until it restarts, and in their container.
 */
export function thisProcess(): string {
  return `${process.pid}.${thisMachine()}`;
}

/** Returns the name of no process: its folders are abandoned. */
export function noProcess(): string {
  return `0.${thisMachine()}`;
}

/** True if a process has ended, false if it runs, undefined if that is unknown here. */
export function isProcessGone(name: string): boolean | undefined {
  const [, pid, place] = PROCESS_NAME.exec(name) ?? [];
  if (pid === "0") return true;
  // Deno requires a permission.
  if (place !== thisMachine() || !isCertain || !isGranted({ name: "run" })) return undefined;
  try {
    process.kill(Number(pid), 0);
    return isZombie(pid!);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH"; // else another user's
  }
}

/** True if a process has ended, and its parent has not asked for its exit code. */
function isZombie(pid: string): boolean {
  const stat = read(`/proc/${pid}/stat`, (path) => readFileSync(path, "latin1"));
  return stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
}

function thisMachine(): string {
  if (machine !== undefined) return machine;
  const host = isGranted({ name: "sys", kind: "hostname" }) ? hostname() : "";
  const boot = read("/proc/sys/kernel/random/boot_id", (path) => readFileSync(path, "utf8"));
  const space = read("/proc/self/ns/pid", (path) => readlinkSync(path));
  isCertain = process.platform === "linux" ? boot !== "" && space !== "" : host !== "";
  return machine = sha256([host, boot, space].join("\n")).slice(0, 8);
}

/** Reads a file that not every system has. */
function read(path: string, of: (path: string) => string): string {
  if (!mayRead(path)) return "";
  try {
    return of(path);
  } catch {
    return "";
  }
}
