/**
 * The processes of one command: those of its group, and those that left it and still carry its mark.
 *
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import process from "node:process";
import type { System } from "../../core/system.ts";

/**
 * The variable that every process of a command has inherited, unless it threw its environment away. It holds the marks of
 * all commands that it is part of: what a command runs as its own command is ended with both.
 */
export const MARK = "HOLDFAST_PROCESS";

/** The value of {@linkcode MARK} for a command of this process, which may be part of another command. */
export function marksOf(mark: string, system: System): string {
  return [system.env(MARK), mark].filter(Boolean).join(" ");
}

/** A process. */
export interface TreeProcess {
  /** Its id. */
  pid: number;
  /** Memory that it holds, bytes. */
  bytes: number;
  /** Processor that it, and its children that have ended, have used, seconds. */
  cpuSeconds: number;
}

/** Ticks of Linux on every machine that Deno runs on (`getconf CLK_TCK`). */
const TICKS_A_SECOND = 100;

/** The kind of the entry that has the size of a page (`AT_PAGESZ` of `elf.h`). */
const AT_PAGESZ = 6n;

/**
 * The size of a page of memory, bytes: 4 KiB on most machines, 16 or 64 KiB on some of ARM.
 *
 * @param auxv what `/proc/self/auxv` holds: pairs of words, a kind and a value (man 3 getauxval)
 * @default 4096 where it says none
 */
export function pageBytesOf(auxv: Uint8Array): number {
  const words = new BigUint64Array(auxv.slice().buffer, 0, Math.floor(auxv.byteLength / 8));
  for (let at = 0; at + 1 < words.length; at += 2) if (words[at] === AT_PAGESZ) return Number(words[at + 1]);
  return 4096;
}

/**
 * The processes of a command that still run, by `/proc` (man 5 proc). Undefined where there is none: on other systems
 * only the group is known.
 *
 * @param group the group of the command, which is the id of its first process
 * @param mark the value of {@linkcode MARK}
 */
export async function findProcesses(group: number, mark: string): Promise<TreeProcess[] | undefined> {
  const names = await readdir("/proc").catch(() => undefined);
  if (names === undefined || process.platform !== "linux") return undefined;
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => pid !== process.pid);
  const pageBytes = pageBytesOf(await readFile("/proc/self/auxv").catch(() => new Uint8Array()));
  const look = (pid: number) => lookAt(pid, { group, mark, pageBytes }).catch(() => undefined);
  const found = await Promise.all(pids.map(look));
  return found.filter((one) => one !== undefined);
}

/** Undefined for one that is another's, or has ended. */
async function lookAt(
  pid: number,
  { group, mark, pageBytes }: { group: number; mark: string; pageBytes: number },
): Promise<TreeProcess | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // its name, in brackets, may have any character
  const [state, , ownGroup] = fields;
  if (state === "Z" || state === "X") return undefined;
  if (Number(ownGroup) !== group) {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    const marks = environment.split("\0").find((entry) => entry.startsWith(`${MARK}=`))?.slice(MARK.length + 1);
    if (!marks?.split(" ").includes(mark)) return undefined;
  }
  const ticks = fields.slice(11, 15).map(Number); // its own, and those of children that have ended
  const cpuSeconds = ticks.reduce((sum, some) => sum + some, 0) / TICKS_A_SECOND;
  return { pid, bytes: Number(fields[21]) * pageBytes, cpuSeconds };
}

/** How often it is looked whether those that were told to end have ended. */
const LOOK_EVERY_MS = 25;

/** How often those that were killed are looked for: more may be born meanwhile. */
const KILLS = 40;

/** Options of {@linkcode endProcesses}. */
export interface EndOptions {
  /** The group of the command. */
  group: number;
  /** The value of {@linkcode MARK}. */
  mark: string;
  /** How long they have to end by themselves, milliseconds. */
  graceMs: number;
  /** Sleeps. */
  system: System;
}

/** Tells all processes of a command to end, and kills what has not ended after a while. */
export async function endProcesses({ group, mark, graceMs, system }: EndOptions): Promise<void> {
  const looks = Math.ceil(graceMs / LOOK_EVERY_MS);
  for (let look = 0; look < looks + KILLS; look++) {
    const found = await findProcesses(group, mark);
    if (found?.length === 0) return;
    if (look === 0) signalAll(found, group, "SIGTERM");
    else if (look >= looks) signalAll(found, group, "SIGKILL");
    if (found === undefined && !isThere(group)) return;
    await system.sleep(LOOK_EVERY_MS);
  }
}

/** Groups of commands that run. */
const running = new Set<number>();

function killAll(): void {
  for (const group of running) signalAll(undefined, group, "SIGKILL");
}

/**
 * Kills a group where this program ends before it does, as at a second Ctrl-C: there is no time to ask then, and what has
 * left the group is not looked for.
 *
 * @returns what is called when the group has ended
 */
export function killAtExit(group: number): () => void {
  if (running.size === 0) process.on("exit", killAll);
  running.add(group);
  return () => {
    running.delete(group);
    if (running.size === 0) process.off("exit", killAll);
  };
}

function signalAll(found: readonly TreeProcess[] | undefined, group: number, signal: NodeJS.Signals): void {
  for (const target of found?.map(({ pid }) => pid) ?? [-group]) {
    try {
      process.kill(target, signal);
    } catch {
      // gone meanwhile, or not ours to end
    }
  }
}

function isThere(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
