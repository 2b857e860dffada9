// Reading `/proc` of Linux (man 5 proc). Each function returns undefined, or nothing, for a process
// that has ended or that this user may not inspect. Deno allows these reads only with
// `--allow-all`.
//
// The reads are synchronous: one takes about 15 microseconds, an asynchronous one ten times as
// long.
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";

/** A process, as `/proc/PID/stat` describes it. */
export interface ProcessStat {
  pid: number;
  /** Its parent; the first process of the machine or container once the parent has ended. */
  parent: number;
  group: number;
  session: number;
  /**
   * When it started, in ticks since the machine was booted. With `pid` it identifies a process:
   * pids are reused.
   */
  start: number;
  ended: boolean;
  /** Resident memory, bytes. */
  bytes: number;
  /** Processor time of the process and of its children that have ended, seconds. */
  cpuSeconds: number;
}

/** Ticks of Linux on every machine that Deno runs on (`getconf CLK_TCK`). */
const TICKS_A_SECOND = 100;

/** The type of the entry with the page size (`AT_PAGESZ` of `elf.h`). */
const AT_PAGESZ = 6n;

/** Returns the ids of all processes; undefined if `/proc` is missing or unreadable. */
export function listPids(): number[] | undefined {
  if (process.platform !== "linux") return undefined;
  return attempt(() => readdirSync("/proc").map(Number).filter((pid) => pid > 0));
}

/**
 * Returns the id that was last given to a process or thread; undefined if unknown. Linux gives ids
 * in order, and begins again at the largest one (`kernel.pid_max`).
 */
export function lastPid(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const last = Number(attempt(() => readFileSync("/proc/loadavg", "latin1"))?.split(" ").at(-1));
  return last > 0 ? last : undefined;
}

/** Returns the ids of processes, but not of threads, from `first` to `last`. */
export function listPidsBetween(first: number, last: number): number[] {
  const pids: number[] = [];
  for (let pid = first; pid <= last; pid++) {
    if (!existsSync(`/proc/${pid}`)) continue; // a failed read takes much longer
    const status = attempt(() => readFileSync(`/proc/${pid}/status`, "latin1")) ?? "";
    if (Number(/^Tgid:\s*(\d+)$/m.exec(status)?.[1]) === pid) pids.push(pid);
  }
  return pids;
}

export function readStat(pid: number | "self"): ProcessStat | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (stat === undefined) return undefined;
  // The name, in brackets, may contain any character.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, session] = fields;
  const ticks = fields.slice(11, 15).map(Number);
  return {
    pid: parseInt(stat),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    start: Number(fields[19]),
    ended: state === "Z" || state === "X",
    bytes: Number(fields[21]) * pageBytes(),
    cpuSeconds: ticks.reduce((sum, some) => sum + some, 0) / TICKS_A_SECOND,
  };
}

/** Reads an environment variable of a process, as it was when its program started. */
export function readVariable(
  pid: number,
  name: string,
): { value?: string; isEmpty: boolean } | undefined {
  const environment = attempt(() => readFileSync(`/proc/${pid}/environ`, "latin1"));
  if (environment === undefined) return undefined;
  const entry = environment.split("\0").find((entry) => entry.startsWith(`${name}=`));
  return { value: entry?.slice(name.length + 1), isEmpty: environment === "" };
}

/** Returns the names of the pipes and sockets that a process has open, unique on the machine. */
export function readPipes(pid: number): string[] {
  const descriptors = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return pipesAt(pid, descriptors);
}

/** A file, pipe or socket that a process has open. */
export interface OpenFile {
  descriptor: string;
  target: string;
  isWritten: boolean;
}

export function readOpenFiles(pid: number): OpenFile[] {
  const descriptors = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return descriptors.flatMap((descriptor) => {
    const path = `/proc/${pid}/fd/${descriptor}`;
    const found = attempt(() => ({ target: readlinkSync(path), mode: lstatSync(path).mode }));
    return found === undefined
      ? []
      : [{ descriptor, target: found.target, isWritten: (found.mode & 0o200) !== 0 }];
  });
}

/** Returns the name of the program of a process, up to 15 bytes of it. */
export function readProgram(pid: number): string | undefined {
  return attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8"))?.trim();
}

export function readOutputPipes(pid: number): string[] {
  return pipesAt(pid, ["1", "2"]);
}

function pipesAt(pid: number, descriptors: readonly string[]): string[] {
  const targets = descriptors.map((name) =>
    attempt(() => readlinkSync(`/proc/${pid}/fd/${name}`)) ?? ""
  );
  return targets.filter((target) => /^(pipe|socket):\[/.test(target));
}

/**
 * Returns the size of a memory page, bytes: 4 KiB on most machines, 16 or 64 KiB on some ARM
 * machines.
 *
 * @param auxv the contents of `/proc/self/auxv`: pairs of words, a kind and a value (man 3
 * getauxval)
 * @default 4096 if it has no such entry
 */
function pageBytesOf(auxv: Uint8Array): number {
  const words = new BigUint64Array(auxv.slice().buffer, 0, Math.floor(auxv.byteLength / 8));
  for (let at = 0; at + 1 < words.length; at += 2) {
    if (words[at] === AT_PAGESZ) return Number(words[at + 1]);
  }
  return 4096;
}

let pageSize: number | undefined;

function pageBytes(): number {
  return pageSize ??= pageBytesOf(
    attempt(() => readFileSync("/proc/self/auxv")) ?? new Uint8Array(),
  );
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
