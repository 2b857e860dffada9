/**
 * A command as a process with a group of its own, which is ended with all its children.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { messageOf } from "../../core/errors.ts";
import { realSystem } from "../../core/system.ts";
import type { System } from "../../core/system.ts";

/** How a process is run. */
export interface ProcessOptions {
  /** The folder that it runs in. */
  cwd: string;
  /** Variables besides those of this process. */
  env: Readonly<Record<string, string>>;
  /** It is ended after so many milliseconds. @default never */
  timeoutMs?: number;
  /** Ends it. */
  signal?: AbortSignal;
  /** Clock. */
  system?: System;
}

/** How a process ended. */
export interface ProcessEnd {
  /** Its exit code; undefined where it was killed, or never began. */
  exitCode?: number;
  /** Why, where it did not end by itself. */
  reason?: string;
}

/** A process that was told to end has so long until it is killed, milliseconds. */
const GRACE_MS = 5_000;

/** Runs a command to its end. What it says goes where what this process says goes, to the error output. */
export async function runToItsEnd(command: readonly string[], options: ProcessOptions): Promise<ProcessEnd> {
  const { cwd, env, timeoutMs, signal, system = realSystem } = options;
  const [program, ...args] = command;
  if (signal?.aborted) return { reason: "it was not begun" };
  const child = spawn(program, args, {
    cwd,
    env: { ...environmentOf(system), ...env },
    stdio: ["ignore", 2, 2],
    detached: true,
  });
  const over = new AbortController();
  let why: string | undefined;
  const end = (reason: string) => {
    if (why !== undefined || over.signal.aborted) return;
    why = reason;
    endGroup(child.pid, "SIGTERM");
    system.sleep(GRACE_MS, over.signal).then(() => endGroup(child.pid, "SIGKILL"), () => {});
  };
  const stop = () => end("it was cancelled");
  signal?.addEventListener("abort", stop, { once: true });
  if (timeoutMs !== undefined) {
    system.sleep(timeoutMs, over.signal).then(() => end(`it took longer than ${timeoutMs} ms`), () => {});
  }
  try {
    return await new Promise((resolve) => {
      child.once("error", (error) => resolve({ reason: messageOf(error) }));
      child.once("exit", (code, killedBy) => {
        if (why !== undefined) resolve({ reason: why });
        else if (code === null) resolve({ reason: `it was ended by ${killedBy}` });
        else resolve({ exitCode: code });
      });
    });
  } finally {
    over.abort();
    if (why !== undefined) endGroup(child.pid, "SIGKILL"); // children that stayed
    signal?.removeEventListener("abort", stop);
  }
}

/** All variables of this process. */
export function environmentOf(system: System): Record<string, string> {
  return Object.fromEntries((system.envNames?.() ?? []).map((name) => [name, system.env(name) ?? ""]));
}

/** Ends a group of processes; one that is gone is left alone. */
export function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch { // it is gone
  }
}
