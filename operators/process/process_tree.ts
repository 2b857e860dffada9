// Ends the processes of one command. Which they are depends on the system:
//
// |                                      | Linux with a readable `/proc`  | other systems              |
// | ------------------------------------ | ------------------------------ | -------------------------- |
// | a process of the command             | a member, by `members.ts`      | in the group of the first  |
// |                                      |                                | process, which it leads    |
// | a process that leaves the group      | is ended                       | is not found               |
// | signals                              | to each member, by pid if its  | to the group               |
// |                                      | start time is the same; to the |                            |
// |                                      | group while its first process  |                            |
// |                                      | is our child                   |                            |
// | memory and processor time, limits    | the sum of all members         | unknown                    |
// | a command whose runner was killed    | is ended (`left_command.ts`)   | is left alone              |
// | the runner of a mark has ended       | no such pid, or another start  | no such pid                |
//
// `scan` returns undefined on other systems, and on Linux without the permission to read `/proc`.
import process from "node:process";
import type { System } from "../../mod.ts";
import { Members, type MembersOptions } from "./members.ts";
import { listPids, type ProcessStat, readStat } from "./proc.ts";

/** How often processes that should end are checked, milliseconds. */
const CHECK_EVERY_MS = 25;

/** How long to wait for killed processes, and to search for new ones, milliseconds. */
const KILL_MS = 1_000;

/** A process to signal: its start time tells it from another with a reused pid. */
type Target = Pick<ProcessStat, "pid" | "start"> & { group?: number };

export class ProcessTree {
  readonly root: number;
  readonly #system: System;
  readonly #members: Members;

  constructor(options: MembersOptions) {
    this.root = options.root;
    this.#system = options.system;
    this.#members = new Members(options);
  }

  /** Call this when the first process has ended: its pid may be reused. */
  rootEnded(): void {
    this.#members.rootEnded();
  }

  /** Returns the running processes; undefined where only the group is known. */
  scan(): ProcessStat[] | undefined {
    return this.#members.scan();
  }

  /** Returns the running processes, including those that only hold a pipe of the command. */
  findHolders(): ProcessStat[] | undefined {
    return this.#members.findHolders();
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
      const members = this.scan();
      if (members === undefined ? !this.#isGroupRunning() : members.length === 0) return;
      const now = system.monotonic();
      const late = !first && now >= deadline;
      if (now >= killedAt + KILL_MS) return;
      if (late) {
        killedAt = Math.min(killedAt, now);
        this.#signal("SIGKILL", members, true);
      } else this.#signal("SIGTERM", members?.filter(({ pid }) => !signaled.has(pid)), first);
      for (const { pid } of members ?? []) signaled.add(pid);
      do await system.sleep(CHECK_EVERY_MS); while (
        !late && system.monotonic() < deadline && this.#isAnyRunning(members)
      );
    }
  }

  /** Kills the processes of the last scan at once. */
  kill(): void {
    this.#signal("SIGKILL", listPids() === undefined ? undefined : this.#members.known, true);
  }

  /**
   * @param targets undefined where only the group is known
   * @param toGroup also signals processes that join the first process's group meanwhile
   */
  #signal(
    signal: NodeJS.Signals,
    targets: readonly Target[] | undefined,
    toGroup: boolean,
  ): void {
    const isGrouped = toGroup && (this.#members.hasRoot || targets === undefined);
    if (isGrouped) send(-this.root, signal);
    for (const { pid, start, group } of targets ?? []) {
      if (isGrouped && group === this.root) continue;
      if (readStat(pid)?.start === start) send(pid, signal); // otherwise its pid was reused
    }
  }

  #isAnyRunning(members: readonly ProcessStat[] | undefined): boolean {
    if (members === undefined) return this.#isGroupRunning();
    return members.some(({ pid, start }) => {
      const stat = readStat(pid);
      return stat?.start === start && !stat.ended;
    });
  }

  #isGroupRunning(): boolean {
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
