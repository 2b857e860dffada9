// Running a command as a child process that cannot outlive its step.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { RegistryError } from "../../core/errors.ts";
import type { JobUsage } from "../../core/executor.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import type { ExitCode } from "../contract/operator.ts";
import { realSystem, type System } from "../../core/system.ts";
import { checkTimes } from "../check_times.ts";
import { exitCodeOf } from "../exit_codes.ts";
import {
  endedOf,
  folderProblem,
  memoryProblem,
  programProblem,
  startProblem,
  timeProblem,
} from "./command_problems.ts";
import { createLogLines } from "./log_lines.ts";
import { ownVariables } from "./step_variables.ts";
import { noteMarks, noteRoot, removeNote } from "./left_command.ts";
import { MARK, marksOf, newMark } from "./marks.ts";
import { listPids, readStat } from "./proc.ts";
import { killAtExit, ProcessTree } from "./process_tree.ts";

/** Options of {@linkcode runCommand}. */
export interface RunCommandOptions {
  cwd: string;
  /** Variables besides those of this process. @default {} */
  env?: Readonly<Record<string, string>>;
  /** Values that no line of its log may show. @default [] */
  secrets?: readonly string[];
  signal?: AbortSignal;
  /** It is ended after so many milliseconds, with all its children, and has ended with 4. @default never */
  timeoutMs?: number;
  /** It is ended when it and its children hold more memory, and has ended with 4. Linux only. @default no limit */
  maxBytes?: number;
  /** How long it has to end by itself when it is told to, milliseconds; then it is killed. @default 5000 */
  graceMs?: number;
  /** How often memory and processor are looked at, milliseconds; only at the end with `Infinity`. @default 1000 */
  sampleEveryMs?: number;
  onLine?: (stream: "stdout" | "stderr", line: string) => void;
  /** Hears how much memory it and its children hold, and how much processor they have used. Linux only. */
  onUsage?: (usage: JobUsage) => void;
  /** Clock, sleep, ids and environment. @default the real ones */
  system?: System;
}

const OPTIONS: OptionNames<RunCommandOptions> = {
  ...{ cwd: true, env: true, secrets: true, signal: true, timeoutMs: true, maxBytes: true },
  ...{ graceMs: true, sampleEveryMs: true, onLine: true, onUsage: true, system: true },
};

/** How a command ended. */
export interface CommandResult {
  /** 0 to 5. */
  exitCode: ExitCode;
  /** What the process returned; null where a signal ended it, or it did not start. */
  code: number | null;
  signal?: string;
  timedOut: boolean;
  /** Why it is not 0. */
  error?: RegistryError;
  /** The most memory that it and its children were seen to hold at once, bytes; 0 where that cannot be seen. */
  peakBytes: number;
  /** The most processor that those that ran at once were seen to have used, seconds; 0 where that cannot be seen. */
  cpuSeconds: number;
  /** How long it took, milliseconds. */
  durationMs: number;
}

/** How long to wait for the rest of the output before searching for processes that hold the pipes, milliseconds. */
const HELD_MS = 50;

/** How long to wait for output while a process of another command holds the pipes, milliseconds. */
const DRAIN_MS = 1_000;

type Child = ChildProcessByStdio<null, Readable, Readable>;

interface Stop {
  why: "cancelled" | "time" | "memory";
  error: unknown;
}

/**
 * Runs a command to its end, in a new process group and with empty stdin. When the command has ended or was stopped,
 * its other processes are ended too, also those that left the group: see {@linkcode ProcessTree}.
 *
 * @param command program and arguments; no shell reads them
 * @throws the reason of `signal`
 * @throws {RegistryError} `Invalid` for a time that is none
 */
export async function runCommand(
  command: readonly string[],
  options: RunCommandOptions,
): Promise<CommandResult> {
  return await runNotedCommand(
    command,
    checkOptions("run a command", options, OPTIONS, ["cwd"]),
  );
}

/**
 * Runs a command like {@linkcode runCommand}, and notes its processes so that another run can end them: see
 * {@linkcode endLeftCommand}.
 *
 * @param note where the processes are noted while the command runs
 */
export async function runNotedCommand(
  command: readonly string[],
  options: RunCommandOptions,
  note?: string,
): Promise<CommandResult> {
  const { cwd, signal, timeoutMs, maxBytes, graceMs = 5_000, system = realSystem } = options;
  checkTimes("run a command", { timeoutMs, graceMs, sampleEveryMs: options.sampleEveryMs });
  signal?.throwIfAborted();
  const startedAt = system.monotonic();
  const seen = { peakBytes: 0, cpuSeconds: 0 };
  const result = (
    how: Pick<CommandResult, "exitCode" | "code" | "signal" | "error">,
    stop?: Stop,
  ): CommandResult => {
    return {
      ...how,
      timedOut: stop?.why === "time",
      ...seen,
      durationMs: system.monotonic() - startedAt,
    };
  };
  const mark = newMark(system);
  const marks = marksOf(mark, system);
  const older = listPids();
  if (note !== undefined) noteMarks(note, marks);
  const child = await start(command, {
    cwd,
    env: { ...ownVariables(system), ...options.env, [MARK]: marks },
  });
  if (child instanceof RegistryError) {
    return result({ exitCode: exitCodeOf(child), code: null, error: child });
  }

  const tree = new ProcessTree({ root: child.pid!, mark, older, system });
  if (note !== undefined) noteRoot(note, child.pid!);
  const over = new AbortController();
  const spare = killAtExit(tree);
  child.once("exit", () => tree.rootEnded());
  const exit = once(child, "exit") as Promise<[code: number | null, signal: string | null]>;
  let stop: Stop | undefined;
  let ending = Promise.resolve();
  const tell = (told: Stop) => {
    if (stop !== undefined || over.signal.aborted) return;
    stop = told;
    ending = tree.end(graceMs);
  };
  const cancel = () => tell({ why: "cancelled", error: signal!.reason });
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  const [program] = command;
  if (timeoutMs !== undefined && timeoutMs !== Infinity) {
    const told: Stop = { why: "time", error: timeProblem(program, timeoutMs) };
    system.sleep(timeoutMs, over.signal).then(() => tell(told), () => {});
  }
  const watching = watch(tree, { ...options, system, seen, over: over.signal }, (bytes) => {
    tell({ why: "memory", error: memoryProblem(program, { bytes, maxBytes: maxBytes! }) });
  });
  // What cannot be told to anybody ends the command: nobody reads its pipes any more.
  const reading = listen(child, options).catch((error) => tell({ why: "cancelled", error }));

  const [code, endedBy] = await exit;
  over.abort();
  signal?.removeEventListener("abort", cancel);
  await Promise.all([ending, watching]);
  await tree.end(graceMs); // what it left behind
  await drained(child, reading, { tree, graceMs, system });
  spare();
  if (note !== undefined) removeNote(note);
  const told = stop as Stop | undefined; // set from elsewhere
  if (told?.why === "cancelled") throw told.error;
  const ended = { code, ...(endedBy === null ? {} : { signal: endedBy }) };
  if (told === undefined) return result({ ...ended, ...endedOf(program, ended) });
  const error = told.error as RegistryError;
  return result({ ...ended, exitCode: exitCodeOf(error), error }, told);
}

async function start(
  [program = "", ...args]: readonly string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<Child | RegistryError> {
  if (program === "") return programProblem();
  if (!(await stat(cwd).catch(() => undefined))?.isDirectory()) return folderProblem(cwd);
  try {
    const child = spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.pid !== undefined) return child;
    const [error] = await once(child, "error").catch((error) => [error]);
    return startProblem(program, error);
  } catch (cause) {
    return startProblem(program, cause);
  }
}

interface Watch {
  system: System;
  sampleEveryMs?: number;
  maxBytes?: number;
  onUsage?: (usage: JobUsage) => void;
  seen: { peakBytes: number; cpuSeconds: number };
  over: AbortSignal;
}

async function watch(
  tree: ProcessTree,
  { system, sampleEveryMs = 1_000, maxBytes = Infinity, onUsage, seen, over }: Watch,
  onTooMuch: (bytes: number) => void,
): Promise<void> {
  const root = readStat(tree.root);
  let found = root && [root]; // it was just started, and has no children
  while (!over.aborted && found !== undefined) {
    const bytes = found.reduce((sum, one) => sum + one.bytes, 0);
    seen.peakBytes = Math.max(seen.peakBytes, bytes);
    seen.cpuSeconds = Math.max(
      seen.cpuSeconds,
      found.reduce((sum, one) => sum + one.cpuSeconds, 0),
    );
    onUsage?.({ bytes, cpuSeconds: seen.cpuSeconds });
    if (bytes > maxBytes) onTooMuch(bytes);
    await system.sleep(sampleEveryMs, over).catch(() => {});
    if (!over.aborted) found = tree.scan();
  }
}

/** Reads the output of a command. */
async function listen(
  child: Child,
  { secrets = [], onLine = () => {} }: RunCommandOptions,
): Promise<void> {
  await Promise.all((["stdout", "stderr"] as const).map(async (name) => {
    const lines = createLogLines({ secrets, onLine: (line) => onLine(name, line) });
    try {
      for await (const piece of child[name]) lines.write(piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error; // closed by `drained`
    }
    lines.end();
  }));
}

/**
 * Waits until all output is read. Ends processes of the command that still hold its pipes, and waits at most a second
 * for pipes that another process holds.
 */
async function drained(
  child: Child,
  reading: Promise<void>,
  { tree, graceMs, system }: { tree: ProcessTree; graceMs: number; system: System },
): Promise<void> {
  if (!await isOver(reading, HELD_MS, system)) {
    const holders = tree.findHolders() ?? [];
    if (holders.length > 0) await tree.end(graceMs);
    await isOver(reading, DRAIN_MS, system);
  }
  child.stdout.destroy();
  child.stderr.destroy();
  await reading;
}

/** Waits for a promise, at most this long. Returns whether it has settled. */
async function isOver(work: Promise<void>, ms: number, system: System): Promise<boolean> {
  const done = new AbortController();
  const late = system.sleep(ms, done.signal).then(() => false, () => true);
  const over = await Promise.race([work.then(() => true), late]);
  done.abort();
  return over;
}
