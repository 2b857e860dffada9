// The processes of one command: which they are, and ending them.
import process from "node:process";
import type { System } from "../../core/system.ts";
import { MARK } from "./marks.ts";
import { lastPid, listPids, listPidsBetween } from "./proc.ts";
import { readOutputPipes, readPipes, readStat, readVariable } from "./proc.ts";
import type { ProcessStat } from "./proc.ts";

interface ProcessTreeOptions {
  root: number;
  /**
   * For a command that another process started: when its first process and its runner started, in
   * ticks.
   */
  left?: { start: number; since: number };
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

/** How often processes that should end are checked, milliseconds. */
const CHECK_EVERY_MS = 25;

/** How long to wait for killed processes, and to search for new ones, milliseconds. */
const KILL_MS = 1_000;

/**
 * The processes of a command. A process belongs to it if it started after the command and at least
 * one of these is true:
 * - It is in the process group or session of a process that belongs to it, or is a child of one.
 * - It has the mark of the command.
 * - It holds a pipe of its output ({@linkcode ProcessTree.findHolders}).
 *
 * Once found, a process stays known by its pid and start time, whatever it does later. Without
 * `/proc`, only the process group is known.
 */
export class ProcessTree {
  readonly root: number;
  readonly #mark: string;
  readonly #system: System;
  readonly #since: number;
  /** The last id before the command started, while no id can have been reused. */
  #after?: number;
  #older = new Set<number>();
  #others = new Set<number>();
  #known = new Map<number, number>();
  #groups = new Map<number, number>();
  /** The pipes of its output. Other inherited pipes may be shared with unrelated processes. */
  readonly #pipes: readonly string[];
  /** True while the first process is a running child of this one, so its pid cannot be reused. */
  #hasRoot: boolean;
  #readAllAt: number;

  constructor({ root, left, mark, after, system }: ProcessTreeOptions) {
    this.root = root;
    this.#mark = mark;
    this.#system = system;
    // Without ids in order, such as on another kernel, all processes are read.
    this.#after = after !== undefined && root > after ? after : undefined;
    this.#readAllAt = system.monotonic();
    this.#hasRoot = left === undefined;
    this.#pipes = left === undefined ? readOutputPipes(root) : [];
    const found = readStat(root);
    this.#since = left?.since ?? found?.start ?? 0;
    if (left !== undefined && found?.start !== left.start) return;
    this.#known.set(root, found?.start ?? 0);
    this.#groups.set(root, this.#readAllAt);
  }

  /** Call this when the first process has ended: its pid may be reused. */
  rootEnded(): void {
    this.#hasRoot = false;
    if (this.#groups.has(this.root)) this.#groups.set(this.root, this.#system.monotonic());
  }

  /** Returns the running processes; undefined if `/proc` cannot be read. */
  scan(): ProcessStat[] | undefined {
    return this.#scan(false);
  }

  /** Returns the running processes, including those that only hold a pipe of the command. */
  findHolders(): ProcessStat[] | undefined {
    return this.#scan(true);
  }

  #scan(byPipes: boolean): ProcessStat[] | undefined {
    const now = this.#system.monotonic();
    if (now - this.#readAllAt > READ_ALL_MS) {
      this.#readAllAt = now;
      this.#after = undefined;
      this.#older.clear();
      this.#others.clear();
    }
    const listed = this.#listNew();
    if (listed === undefined) return undefined;
    const [older, others] = [new Set<number>(), new Set<number>()];
    const members = new Map<number, ProcessStat>();
    let strangers: ProcessStat[] = [];
    for (const pid of listed) {
      if (pid === process.pid) continue;
      if (this.#older.has(pid)) older.add(pid);
      else if (!byPipes && this.#others.has(pid)) others.add(pid);
      else {
        const stat = readStat(pid);
        if (stat === undefined) continue;
        if (stat.start < this.#since) older.add(pid);
        else if (this.#known.get(pid) === stat.start) members.set(pid, stat);
        else strangers.push(stat);
      }
    }
    this.#confirmGroups(members, now);
    strangers = this.#adoptKin(strangers, members, now);
    const found = strangers.filter((stat) =>
      this.#hasMark(stat, others) || byPipes && this.#holdsPipe(stat)
    );
    if (found.length > 0) {
      for (const stat of found) this.#add(stat, members, now);
      strangers = this.#adoptKin(strangers, members, now);
    }
    for (const { pid } of members.values()) others.delete(pid);
    [this.#older, this.#others] = [older, others];
    this.#known = new Map([...members.values()].map(({ pid, start }) => [pid, start]));
    return [...members.values()].filter(({ ended }) => !ended);
  }

  /** Returns the ids of processes that may have started after the command, and maybe others. */
  #listNew(): number[] | undefined {
    const after = this.#after;
    if (after === undefined) return listPids();
    const last = lastPid() ?? 0;
    if (last >= this.root && last - after <= MOST_NEW) return listPidsBetween(after + 1, last);
    if (last < this.root) this.#after = undefined; // ids begin again
    return listPids()?.filter((pid) => last < this.root || pid > after);
  }

  #confirmGroups(members: Map<number, ProcessStat>, now: number): void {
    for (const { group, session } of members.values()) {
      for (const id of [group, session]) if (this.#groups.has(id)) this.#groups.set(id, now);
    }
    for (const [id, seenAt] of this.#groups) {
      const isHeld = id === this.root && this.#hasRoot;
      if (!isHeld && now - seenAt > REUSE_MS) this.#groups.delete(id);
    }
  }

  /**
   * Adds the children of members and the processes in their groups, over all generations. Returns
   * the rest.
   */
  #adoptKin(
    strangers: ProcessStat[],
    members: Map<number, ProcessStat>,
    now: number,
  ): ProcessStat[] {
    for (const { pid, group, session } of members.values()) {
      this.#addGroups({ pid, group, session }, now);
    }
    for (let count = -1; count !== strangers.length;) {
      count = strangers.length;
      strangers = strangers.filter((stat) => {
        const isKin = members.has(stat.parent) || this.#groups.has(stat.group) ||
          this.#groups.has(stat.session);
        if (isKin) this.#add(stat, members, now);
        return !isKin;
      });
    }
    return strangers;
  }

  #add(stat: ProcessStat, members: Map<number, ProcessStat>, now: number): void {
    members.set(stat.pid, stat);
    this.#addGroups(stat, now);
  }

  #addGroups(
    { pid, group, session }: Pick<ProcessStat, "pid" | "group" | "session">,
    now: number,
  ): void {
    if (pid === group || pid === session) this.#groups.set(pid, now);
  }

  /** @param others receives processes that will never have the mark */
  #hasMark({ pid, ended }: ProcessStat, others: Set<number>): boolean {
    if (ended) return false;
    const found = readVariable(pid, MARK);
    if (found?.value?.split(" ").includes(this.#mark)) return true;
    // A process that is being executed has no environment for a moment.
    if (found?.isEmpty !== true) others.add(pid);
    return false;
  }

  #holdsPipe({ pid, parent, ended }: ProcessStat): boolean {
    // A program that another thread starts is a copy of this process, with all its files, until it
    // is executed.
    if (ended || parent === process.pid) return false;
    return readPipes(pid).some((pipe) => this.#pipes.includes(pipe));
  }

  /**
   * Ends all of them: sends TERM, waits, and sends KILL to those that still run after `graceMs`.
   * Returns when none is left, or a second after the first KILL: a process inside a system call may
   * not be killable.
   */
  async end(graceMs: number): Promise<void> {
    const system = this.#system;
    const deadline = system.monotonic() + graceMs;
    const signaled = new Set<number>();
    let killedAt = Infinity;
    for (let first = true;; first = false) {
      const found = this.scan();
      if (found === undefined ? !this.#isGroupThere() : found.length === 0) return;
      const now = system.monotonic();
      const late = !first && now >= deadline;
      if (now >= killedAt + KILL_MS) return;
      if (late) {
        killedAt = Math.min(killedAt, now);
        this.#signal("SIGKILL", found, true);
      } else this.#signal("SIGTERM", found?.filter(({ pid }) => !signaled.has(pid)), first);
      for (const { pid } of found ?? []) signaled.add(pid);
      do await system.sleep(CHECK_EVERY_MS); while (
        !late && system.monotonic() < deadline && this.#isAnyLeft(found)
      );
    }
  }

  /** Kills the processes of the last scan at once. */
  kill(): void {
    const known = [...this.#known].map(([pid, start]) => ({ pid, start, group: 0 }));
    this.#signal("SIGKILL", listPids() === undefined ? undefined : known, true);
  }

  /** @param toGroup also signals processes that join the first process's group meanwhile */
  #signal(
    signal: NodeJS.Signals,
    found: readonly Pick<ProcessStat, "pid" | "start" | "group">[] | undefined,
    toGroup: boolean,
  ): void {
    const isGrouped = toGroup && (this.#hasRoot || found === undefined);
    if (isGrouped) send(-this.root, signal);
    for (const { pid, start, group } of found ?? []) {
      if (isGrouped && group === this.root) continue;
      if (readStat(pid)?.start === start) send(pid, signal); // otherwise its pid was reused
    }
  }

  #isAnyLeft(found: readonly ProcessStat[] | undefined): boolean {
    if (found === undefined) return this.#isGroupThere();
    return found.some(({ pid, start }) => {
      const stat = readStat(pid);
      return stat?.start === start && !stat.ended;
    });
  }

  #isGroupThere(): boolean {
    return send(-this.root, 0);
  }
}

const running = new Set<ProcessTree>();

function killAll(): void {
  for (const tree of running) tree.kill();
}

/** Kills a command if this program exits first. Returns a function to call at its end. */
export function killAtExit(tree: ProcessTree): () => void {
  if (running.size === 0) process.on("exit", killAll);
  running.add(tree);
  return () => {
    running.delete(tree);
    if (running.size === 0) process.off("exit", killAll);
  };
}

function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false; // it has ended, or belongs to another user
  }
}
