// The processes of one command on Linux, by `/proc`. A process is a member if it started after the
// command and at least one of these facts is true:
//
// | fact                                                        | found by                         |
// | ----------------------------------------------------------- | -------------------------------- |
// | It was a member before: same pid, same start time.          | `#known`                         |
// | It is in the group or session of a member.                  | `#groups`                        |
// | Its parent is a member.                                     | `parent` of `/proc/PID/stat`     |
// | Its environment has the mark of the command (`marks.ts`).   | `/proc/PID/environ`              |
// | It holds a pipe of the command's output. Asked for only when | `/proc/PID/fd`, `findHolders()` |
// | the command has ended and its output has not.               |                                  |
//
// Once a member, a process stays one, whatever it does later. So a process escapes only if it leaves
// group, session and parent and empties its environment between two scans.
//
// Reading all processes takes long on a busy machine. A scan omits those that started before the
// command, and those that were read once without the mark; while the ids since the command's start
// are known and in order, it reads only these.
import process from "node:process";
import type { System } from "../../mod.ts";
import { MARK } from "./marks.ts";
import { lastPid, listPids, listPidsBetween } from "./proc.ts";
import { readOutputPipes, readPipes, readStat, readVariable } from "./proc.ts";
import type { ProcessStat } from "./proc.ts";

export interface MembersOptions {
  /** The first process of the command. */
  root: number;
  /**
   * For a command that another process started: when its first process and its runner started, in
   * ticks.
   */
  earlier?: { start: number; since: number };
  /** See {@linkcode MARK}. */
  mark: string;
  /** The last id of a process before the command started. @default unknown */
  after?: number;
  system: System;
}

/** Interval for reading all processes again, as pids may be reused, milliseconds. */
const READ_ALL_MS = 60_000;

/** Maximum number of ids to check one by one: for more, listing all processes is faster. */
const MOST_NEW = 256;

/** Ids of process groups and processes are not reused within this time, milliseconds. */
const REUSE_MS = 2_000;

/** The processes of one scan. */
interface Scan {
  at: number;
  members: Map<number, ProcessStat>;
  /** Started after the command, and no fact makes them members yet. */
  strangers: ProcessStat[];
  /** Ids of processes that started before the command. */
  older: Set<number>;
  /** Ids of processes that will never have the mark. */
  unmarked: Set<number>;
}

export class Members {
  readonly #root: number;
  readonly #mark: string;
  readonly #system: System;
  /** When the command started, in ticks. */
  readonly #since: number;
  /** The last id before the command started, while no id can have been reused. */
  #after?: number;
  /** Start times of the members of the last scan, by pid. */
  #known = new Map<number, number>();
  /** When groups and sessions of members were last seen in use, by id. */
  readonly #groups = new Map<number, number>();
  /** The pipes of its output. Other inherited pipes may be shared with unrelated processes. */
  readonly #pipes: readonly string[];
  #hasRoot: boolean;
  #older = new Set<number>();
  #unmarked = new Set<number>();
  #readAllAt: number;

  constructor({ root, earlier, mark, after, system }: MembersOptions) {
    this.#root = root;
    this.#mark = mark;
    this.#system = system;
    // Without ids in order, such as on another kernel, all processes are read.
    this.#after = after !== undefined && root > after ? after : undefined;
    this.#readAllAt = system.monotonic();
    this.#hasRoot = earlier === undefined;
    this.#pipes = earlier === undefined ? readOutputPipes(root) : [];
    const stat = readStat(root);
    this.#since = earlier?.since ?? stat?.start ?? 0;
    if (earlier !== undefined && stat?.start !== earlier.start) return;
    this.#known.set(root, stat?.start ?? 0);
    this.#groups.set(root, this.#readAllAt);
  }

  /** True while the first process is a running child of this one, so its pid cannot be reused. */
  get hasRoot(): boolean {
    return this.#hasRoot;
  }

  /** The members of the last scan. */
  get known(): { pid: number; start: number }[] {
    return [...this.#known].map(([pid, start]) => ({ pid, start }));
  }

  rootEnded(): void {
    this.#hasRoot = false;
    if (this.#groups.has(this.#root)) this.#groups.set(this.#root, this.#system.monotonic());
  }

  /** Returns the running members; undefined if `/proc` cannot be read, as on other systems. */
  scan(): ProcessStat[] | undefined {
    return this.#scan(false);
  }

  /** Returns the running members, including those that only hold a pipe of the output. */
  findHolders(): ProcessStat[] | undefined {
    return this.#scan(true);
  }

  #scan(byPipes: boolean): ProcessStat[] | undefined {
    const now = this.#system.monotonic();
    if (now - this.#readAllAt > READ_ALL_MS) this.#readAllNext(now);
    const pids = this.#listNew();
    if (pids === undefined) return undefined;
    const scan = this.#read(pids, byPipes, now);
    const { members, unmarked } = scan;
    this.#confirmGroups(scan);
    this.#adoptKin(scan);
    const marked = scan.strangers.filter((stat) =>
      this.#hasMark(stat, unmarked) || byPipes && this.#holdsPipe(stat)
    );
    if (marked.length > 0) {
      for (const stat of marked) this.#add(stat, scan);
      this.#adoptKin(scan);
    }
    for (const pid of members.keys()) unmarked.delete(pid);
    [this.#older, this.#unmarked] = [scan.older, unmarked];
    this.#known = new Map([...members.values()].map(({ pid, start }) => [pid, start]));
    return [...members.values()].filter(({ ended }) => !ended);
  }

  #readAllNext(now: number): void {
    this.#readAllAt = now;
    this.#after = undefined;
    this.#older.clear();
    this.#unmarked.clear();
  }

  /** Returns the ids of processes that may have started after the command, and maybe others. */
  #listNew(): number[] | undefined {
    const after = this.#after;
    if (after === undefined) return listPids();
    const last = lastPid() ?? 0;
    if (last >= this.#root && last - after <= MOST_NEW) return listPidsBetween(after + 1, last);
    if (last < this.#root) this.#after = undefined; // ids begin again
    return listPids()?.filter((pid) => last < this.#root || pid > after);
  }

  /** Reads the processes that may be members: known ones, and those that were not read before. */
  #read(pids: readonly number[], byPipes: boolean, at: number): Scan {
    const [older, unmarked] = [new Set<number>(), new Set<number>()];
    const members = new Map<number, ProcessStat>();
    const strangers: ProcessStat[] = [];
    for (const pid of pids) {
      if (pid === process.pid) continue;
      if (this.#older.has(pid)) older.add(pid);
      else if (!byPipes && this.#unmarked.has(pid)) unmarked.add(pid);
      else {
        const stat = readStat(pid);
        if (stat === undefined) continue;
        if (stat.start < this.#since) older.add(pid);
        else if (this.#known.get(pid) === stat.start) members.set(pid, stat);
        else strangers.push(stat);
      }
    }
    return { at, members, strangers, older, unmarked };
  }

  /** Forgets groups and sessions that no member has used for so long that others may have the id. */
  #confirmGroups({ members, at }: Scan): void {
    for (const { group, session } of members.values()) {
      for (const id of [group, session]) if (this.#groups.has(id)) this.#groups.set(id, at);
    }
    for (const [id, usedAt] of this.#groups) {
      const isHeld = id === this.#root && this.#hasRoot;
      if (!isHeld && at - usedAt > REUSE_MS) this.#groups.delete(id);
    }
  }

  /** Adds the children of members and the processes in their groups, over all generations. */
  #adoptKin(scan: Scan): void {
    const { members, at } = scan;
    for (const stat of members.values()) this.#addGroups(stat, at);
    for (let count = -1; count !== scan.strangers.length;) {
      count = scan.strangers.length;
      scan.strangers = scan.strangers.filter((stat) => {
        const isKin = members.has(stat.parent) || this.#groups.has(stat.group) ||
          this.#groups.has(stat.session);
        if (isKin) this.#add(stat, scan);
        return !isKin;
      });
    }
  }

  #add(stat: ProcessStat, { members, at }: Scan): void {
    members.set(stat.pid, stat);
    this.#addGroups(stat, at);
  }

  #addGroups({ pid, group, session }: ProcessStat, at: number): void {
    if (pid === group || pid === session) this.#groups.set(pid, at);
  }

  /** @param unmarked receives processes that will never have the mark */
  #hasMark({ pid, ended }: ProcessStat, unmarked: Set<number>): boolean {
    if (ended) return false;
    const marks = readVariable(pid, MARK);
    if (marks?.value?.split(" ").includes(this.#mark)) return true;
    // A process that is being executed has no environment for a moment.
    if (marks?.isEmpty !== true) unmarked.add(pid);
    return false;
  }

  #holdsPipe({ pid, parent, ended }: ProcessStat): boolean {
    // A program that another thread starts is a copy of this process, with all its files, until it
    // is executed.
    if (ended || parent === process.pid) return false;
    return readPipes(pid).some((pipe) => this.#pipes.includes(pipe));
  }
}
