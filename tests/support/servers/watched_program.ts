// A program as a process of its own, which is ended when this process is gone, however it went.
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { realSystem } from "../../../core/system.ts";

export interface WatchedProgram {
  readonly pid: number;
  readonly ended: Promise<string>;
  end(signal?: NodeJS.Signals): Promise<void>;
}

export interface ProgramPlace {
  root: string;
  logFile: string;
  env?: Record<string, string>;
}

/**
 * Starts a program, and beside it a shell that waits for the end of its input: it comes when this process is gone, however
 * it went, and then the shell kills the program and removes its folder.
 */
export function spawnWatched(
  command: readonly string[],
  { root, logFile, env }: ProgramPlace,
): WatchedProgram {
  const child = spawn("sh", ["-c", 'exec "$@" >>"$0" 2>&1', logFile, ...command], {
    stdio: "ignore",
    cwd: root,
    env: { ...environment(), ...env },
    detached: true, // Ctrl-C is for the tests
  });
  const clean = 'trap "" INT TERM HUP; read -r line || { kill -9 "$1"; sleep 0.1; rm -rf "$2"; }';
  const watchdog = spawn("sh", ["-c", clean, "sh", String(child.pid), root], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const ended = endOf(child);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
    const dismissed = endOf(watchdog);
    watchdog.stdin!.end("done\n");
    await dismissed;
  };
  let ending: Promise<void> | undefined;
  return {
    pid: child.pid!,
    ended,
    end: (signal = "SIGKILL") => ending ??= end(signal),
  };
}

export interface ReadyOptions {
  name: string;
  logFile: string;
  /** How long it may take, milliseconds. @default 300000 */
  withinMs?: number;
}

/** The longest pause between two questions: each is a request, or a program. */
const MOST_WAIT_MS = 80;

/** Asks until the program is ready; if it ends or does not get ready, ends it, and throws with what it said. */
export async function untilReady(
  program: WatchedProgram,
  isReady: () => Promise<boolean>,
  { name, logFile, withinMs = 300_000 }: ReadyOptions,
): Promise<void> {
  let how: string | undefined;
  program.ended.then((said) => how = said);
  const startedAt = realSystem.monotonic();
  for (let waitMs = 10; !await isReady(); waitMs = Math.min(2 * waitMs, MOST_WAIT_MS)) {
    const late = realSystem.monotonic() - startedAt > withinMs;
    if (how !== undefined || late) {
      const log = await readFile(logFile, "utf8").catch(() => "");
      const state = how === undefined
        ? `it did not get ready within ${withinMs} ms`
        : `it ended with ${how}`;
      await program.end();
      throw new Error(`Cannot start ${name}: ${state}\n${log.slice(-2_000)}`);
    }
    await realSystem.sleep(waitMs);
  }
}

/** Runs a program to its end, and tells whether it ended with 0. */
export async function succeeds(
  command: readonly string[],
  env: Record<string, string> = {},
): Promise<boolean> {
  const [program, ...args] = command;
  return await endOf(
    spawn(program, args, { stdio: "ignore", env: { ...environment(), ...env } }),
  ) === "code 0";
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    realSystem.envNames!().map((name) => [name, realSystem.env(name) ?? ""]),
  );
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve(`code ${child.exitCode}`);
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`));
  });
}
