// Which process a folder belongs to, and whether that is still there.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { sha256 } from "../../core/bytes/digest.ts";
import { isGranted } from "../../core/system.ts";
import { mayRead } from "../../core/may_read.ts";

/** How a process is named: its number, or 0 for what nobody works on any more, and its machine. */
export const PROCESS_NAME = /^(0|[1-9]\d*)\.([0-9a-f]{8})$/;

let machine: string | undefined;
/** Whether that name is of no other machine or container: Deno lets only who may do everything read what tells them apart. */
let isCertain = false;

/**
 * Names this process, as a part of a file's name. Numbers of processes mean something only on their machine, until it
 * is started again, and in their container.
 */
export function thisProcess(): string {
  return `${process.pid}.${thisMachine()}`;
}

/** Names no process: nobody works any more on what is called so. */
export function noProcess(): string {
  return `0.${thisMachine()}`;
}

/** True where a process is not there any more; false where it may be, or nobody can tell from here. */
export function isProcessGone(name: string): boolean {
  const [, pid, place] = PROCESS_NAME.exec(name) ?? [];
  if (pid === "0") return true;
  if (place !== thisMachine() || !isCertain || !isGranted({ name: "run" })) return false; // Deno wants that to be asked
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH"; // else it is another user's
  }
}

function thisMachine(): string {
  if (machine !== undefined) return machine;
  const host = isGranted({ name: "sys", kind: "hostname" }) ? hostname() : "";
  const boot = read("/proc/sys/kernel/random/boot_id", (path) => readFileSync(path, "utf8"));
  const space = read("/proc/self/ns/pid", (path) => readlinkSync(path));
  isCertain = process.platform === "linux" ? boot !== "" && space !== "" : host !== "";
  return machine = sha256([host, boot, space].join("\n")).slice(0, 8);
}

/** Not every system has it. */
function read(path: string, of: (path: string) => string): string {
  if (!mayRead(path)) return "";
  try {
    return of(path);
  } catch {
    return "";
  }
}
