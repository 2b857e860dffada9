// Runs a command as a child process that cannot outlive its step.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import type { System } from "../../mod.ts";
import {
  checkOptions,
  fault,
  messageOf,
  realSystem,
  RegistryError,
  shown,
  unsupported,
} from "../../core/kernel.ts";
import type { OptionNames } from "../../core/kernel.ts";
import { EXIT_CODES, type ExitCode } from "../contract/operator.ts";
import { checkTimes } from "../check_times.ts";
import { exitCodeOf } from "../exit_codes.ts";
import { createLogLines } from "./log_lines.ts";
import { ownVariables } from "./step_variables.ts";
import { noteMarks, noteRoot, removeNote } from "./left_command.ts";
import { MARK, marksOf, newMark } from "./marks.ts";
import { lastPid, readStat } from "./proc.ts";
import { killAtExit, ProcessTree } from "./process_tree.ts";
import { awaitUnfinished, namesOf, type Outputs } from "./unfinished.ts";

/** Resources that a command and its children use. */
export interface CommandUsage {
  bytes: number;
  cpuSeconds: number;
}

/** Options of {@linkcode runCommand}. */
export interface RunCommandOptions {
  cwd: string;
  /** Variables added to those of this process. @default {} */
  env?: Readonly<Record<string, string>>;
  /** Values that are masked in its log. @default [] */
  secrets?: readonly string[];
  signal?: AbortSignal;
  /** Time limit, milliseconds: it and its children are ended, with exit code 4. @default never */
  timeoutMs?: number;
  /**
   * Memory limit of it and its children, bytes: they are ended, with exit code 4. Linux only.
   * @default none
   */
  maxBytes?: number;
  /** Time between TERM and KILL, milliseconds. @default 5000 */
  graceMs?: number;
  /** Interval of memory and processor samples, milliseconds; `Infinity` for none. @default 1000 */
  sampleEveryMs?: number;
  onLine?: (stream: "stdout" | "stderr", line: string) => void;
  /** Receives memory and processor time of it and its children. Linux only. */
  onUsage?: (usage: CommandUsage) => void;
  /** Clock, sleep, ids and environment. @default the real ones */
  system?: System;
}

const OPTIONS: OptionNames<RunCommandOptions> = {
  cwd: true,
  env: true,
  secrets: true,
  signal: true,
  timeoutMs: true,
  maxBytes: true,
  graceMs: true,
  sampleEveryMs: true,
  onLine: true,
  onUsage: true,
  system: true,
};

/** Result of a command. */
export interface CommandResult {
  exitCode: ExitCode;
  /** The process's exit code; null if a signal ended it, or it did not start. */
  code: number | null;
  signal?: string;
  timedOut: boolean;
  /** The cause of an exit code other than 0. */
  error?: RegistryError;
  /** Highest sampled memory of it and its children, bytes; 0 if unknown. */
  peakBytes: number;
  /** Highest sampled processor time of processes that ran at once, seconds; 0 if unknown. */
  cpuSeconds: number;
  durationMs: number;
}

/** Wait for the rest of the output before searching for processes with its pipes, milliseconds. */
const HELD_MS = 50;

/** How long to wait for output while a process of another command holds the pipes, milliseconds. */
const DRAIN_MS = 1_000;

/** The stdin of a running command. */
export interface CommandInput {
  write(text: string): void;
  end(): void;
}

type Child = ChildProcessByStdio<Writable | null, Readable, Readable>;

interface Stop {
  why: "cancelled" | "time" | "memory" | "left";
  error: unknown;
}

/**
 * Runs a command to its end, in a new process group and with empty stdin. When it ends or is
 * stopped, its remaining processes are ended too, including those that left the group: see
 * {@linkcode ProcessTree}.
 *
 * @param command program and arguments, without a shell
 * @throws the reason of `signal`
 * @throws {RegistryError} `Invalid` for an invalid time
 */
export async function runCommand(
  command: readonly string[],
  options: RunCommandOptions,
): Promise<CommandResult> {
  return await runNotedCommand(command, checkOptions("run a command", options, OPTIONS, ["cwd"]));
}

/** Runs a command like {@linkcode runCommand}, with a note for {@linkcode endLeftCommand}. */
export async function runNotedCommand(
  command: readonly string[],
  options: RunCommandOptions & {
    /** Receives the input of the command when it has started. @default its input is empty */
    onStart?(started: { stdin: CommandInput; tree: ProcessTree }): void;
    /** Waits for processes that still work on them when it has ended. @default it has none */
    outputs?: Outputs;
  },
  note?: string,
): Promise<CommandResult> {
  const { cwd, signal, timeoutMs, maxBytes, graceMs = 5_000, system = realSystem } = options;
  checkTimes("run a command", { timeoutMs, graceMs, sampleEveryMs: options.sampleEveryMs });
  signal?.throwIfAborted();
  const startedAt = system.monotonic();
  const peaks = { peakBytes: 0, cpuSeconds: 0 };
  const result = (
    outcome: Pick<CommandResult, "exitCode" | "code" | "signal" | "error">,
    timedOut = false,
  ): CommandResult => ({
    ...outcome,
    timedOut,
    ...peaks,
    durationMs: system.monotonic() - startedAt,
  });
  const mark = newMark(system);
  const marks = marksOf(mark, system);
  const after = lastPid();
  if (note !== undefined) noteMarks(note, marks);
  const env = { ...ownVariables(system), ...options.env, [MARK]: marks };
  const child = await start(command, { cwd, env, takesInput: options.onStart !== undefined });
  if (child instanceof RegistryError) {
    return result({ exitCode: exitCodeOf(child), code: null, error: child });
  }

  const tree = new ProcessTree({ root: child.pid!, mark, after, system });
  if (note !== undefined) noteRoot(note, child.pid!);
  child.stdin?.on("error", () => {}); // it has ended
  if (child.stdin !== null) options.onStart?.({ stdin: child.stdin, tree });
  const over = new AbortController();
  const unregister = killAtExit(tree);
  child.once("exit", () => tree.rootEnded());
  const exit = once(child, "exit") as Promise<[code: number | null, signal: string | null]>;
  let stop: Stop | undefined;
  let ending = Promise.resolve();
  const end = (reason: Stop) => {
    if (stop !== undefined || over.signal.aborted) return;
    stop = reason;
    ending = tree.end(graceMs);
  };
  const cancel = () => end({ why: "cancelled", error: signal?.reason });
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  const [program = ""] = command;
  if (timeoutMs !== undefined && timeoutMs !== Infinity) {
    const state = `timed out after ${timeoutMs} ms`;
    const hint = "Raise its timeout, reduce its input, or use more shards.";
    const late: Stop = { why: "time", error: limitError(program, state, hint) };
    system.sleep(timeoutMs, over.signal).then(() => end(late), () => {});
  }
  const watching = watch(tree, { ...options, system, peaks, over: over.signal }, (bytes) => {
    const state = `it used ${bytes} bytes of memory, the limit is ${maxBytes}`;
    const hint = "Raise memory_limit, or process less at once.";
    end({ why: "memory", error: limitError(program, state, hint) });
  });
  // If `onLine` fails, nothing reads the pipes any more: end the command.
  const reading = listen(child, options).catch((error) => end({ why: "cancelled", error }));

  const [code, endedBy] = await exit;
  const { outputs } = options;
  if (code === EXIT_CODES.ok && outputs !== undefined) {
    const isStopped = () => stop !== undefined;
    const left = await awaitUnfinished(tree, outputs, { system, isStopped });
    if (left !== "") end({ why: "left", error: leftError(program, left) });
    noteOthers(tree, outputs, isStopped());
  }
  over.abort();
  signal?.removeEventListener("abort", cancel);
  await Promise.all([ending, watching]);
  await tree.end(graceMs); // processes that it left behind
  await drained(child, reading, { tree, graceMs, system });
  unregister();
  if (note !== undefined) await removeNote(note);
  const stopped = stop as Stop | undefined; // assigned in a callback
  if (stopped?.why === "cancelled") throw stopped.error;
  const ended = { code, signal: endedBy ?? undefined };
  if (stopped === undefined) return result({ ...ended, ...endedOf(program, ended) });
  const error = stopped.error as RegistryError;
  return result({ ...ended, exitCode: exitCodeOf(error), error }, stopped.why === "time");
}

/** Notes processes that work on no output, which are stopped. */
function noteOthers(tree: ProcessTree, outputs: Outputs, isStopped: boolean): void {
  const others = isStopped ? "" : namesOf(tree.scan() ?? []);
  if (others !== "") outputs.onNote(`stopping processes that it left: ${others}`);
}

async function start(
  command: readonly string[],
  { cwd, env, takesInput }: { cwd: string; env: Record<string, string>; takesInput: boolean },
): Promise<Child | RegistryError> {
  const [program = "", ...args] = command;
  if (program === "" || !Array.isArray(command)) {
    const state = program === "" ? "it is empty" : "it is not a list";
    const hint = "Return a list of program and arguments from command(), or set a start command.";
    return fault({ code: "Invalid", action: "run a command", state, hint });
  }
  if (!(await stat(cwd).catch(() => undefined))?.isDirectory()) {
    return unsupported("run a command in", shown(cwd), "no such folder", {
      hint: "Create the folder, or change the step's working folder.",
    });
  }
  try {
    const shared = { cwd, env, detached: true } as const;
    const child: Child = takesInput
      ? spawn(program, args, { ...shared, stdio: ["pipe", "pipe", "pipe"] })
      : spawn(program, args, { ...shared, stdio: ["ignore", "pipe", "pipe"] });
    if (child.pid !== undefined) return child;
    const [error] = await once(child, "error").catch((error) => [error]);
    return startError(program, error);
  } catch (cause) {
    return startError(program, cause);
  }
}

function startError(program: string, cause: unknown): RegistryError {
  const failed = { action: "run", subject: shown(program), cause };
  const { code } = cause as { code?: unknown };
  if (code === "ENOENT") {
    const hint = "Install it, add its folder to PATH, or use its full path.";
    return fault({ ...failed, code: "Unsupported", state: "no such program", hint });
  }
  if (code === "E2BIG") {
    const hint = "Pass them in a file: each may take 128 KiB, and all of them about 2 MiB.";
    return fault({ ...failed, code: "Invalid", state: "its arguments are too long", hint });
  }
  return fault({
    ...failed,
    code: code === "EAGAIN" || code === "ENOMEM" ? "Unavailable" : "Denied",
    state: messageOf(cause),
    hint: "Check that it is a program that this user may run (chmod +x).",
  });
}

function limitError(program: string, state: string, hint: string): RegistryError {
  return fault({ code: "Unavailable", action: "finish", subject: shown(program), state, hint });
}

function leftError(program: string, left: string): RegistryError {
  const state = `it left processes that still work on its outputs: ${left}`;
  const hint = "Wait for these processes in the command, or end them there.";
  return fault({ code: "TaskFailed", action: "finish", subject: shown(program), state, hint });
}

/** Exit codes of shells and `env` for a program that is missing or cannot run (POSIX, 2.8.2). */
const NOT_RUN = [126, 127];

/** Signals of the system for memory, processor time and file size; shells exit with 128 + number. */
const LIMITS = { SIGKILL: 137, SIGXCPU: 152, SIGXFSZ: 153 };

/** Exit code of shells for a command whose reader ended before it: SIGPIPE. */
const LEFT_BY_READER = 141;

/** Returns the exit code of a step whose command ended by itself, or was killed by the system. */
function endedOf(
  program: string,
  { code, signal }: { code: number | null; signal?: string },
): { exitCode: ExitCode; error?: RegistryError } {
  if (code === EXIT_CODES.ok) return { exitCode: code };
  let exitCode = Object.values(EXIT_CODES).find((known) => known === code);
  let hint = "Check its log.";
  if (Object.entries(LIMITS).some(([name, ofShell]) => signal === name || code === ofShell)) {
    exitCode = EXIT_CODES.resource;
    hint =
      "Raise its memory limit or reduce its input: the system kills processes that run out of memory.";
  } else if (NOT_RUN.includes(code ?? 0)) {
    exitCode = EXIT_CODES.environment;
  } else if (signal === "SIGPIPE" || code === LEFT_BY_READER) {
    hint = "Let each command of a pipe read to the end: sed -n 1,9p instead of head -n 9.";
  }
  if (exitCode === EXIT_CODES.environment) {
    hint = "Check its log for a program that is missing or cannot run.";
  }
  const state = `it exited with ${signal ?? `code ${code}`}`;
  const subject = shown(program);
  const error = fault({ code: "TaskFailed", action: "finish", subject, state, hint });
  return { exitCode: exitCode ?? EXIT_CODES.logic, error };
}

interface Watch {
  system: System;
  sampleEveryMs?: number;
  maxBytes?: number;
  onUsage?: (usage: CommandUsage) => void;
  peaks: { peakBytes: number; cpuSeconds: number };
  over: AbortSignal;
}

async function watch(
  tree: ProcessTree,
  { system, sampleEveryMs = 1_000, maxBytes = Infinity, onUsage, peaks, over }: Watch,
  onTooMuch: (bytes: number) => void,
): Promise<void> {
  const root = readStat(tree.root);
  let sampled = root && [root]; // a process that was just started has no children
  while (!over.aborted && sampled !== undefined) {
    const bytes = sampled.reduce((sum, one) => sum + one.bytes, 0);
    peaks.peakBytes = Math.max(peaks.peakBytes, bytes);
    const cpuSeconds = sampled.reduce((sum, one) => sum + one.cpuSeconds, 0);
    peaks.cpuSeconds = Math.max(peaks.cpuSeconds, cpuSeconds);
    onUsage?.({ bytes, cpuSeconds: peaks.cpuSeconds });
    if (bytes > maxBytes) onTooMuch(bytes);
    await system.sleep(sampleEveryMs, over).catch(() => {});
    if (!over.aborted) sampled = tree.scan();
  }
}

async function listen(
  child: Child,
  { secrets = [], onLine = () => {}, system = realSystem }: RunCommandOptions,
): Promise<void> {
  await Promise.all((["stdout", "stderr"] as const).map(async (name) => {
    const lines = createLogLines({ secrets, system, onLine: (line) => onLine(name, line) });
    try {
      for await (const piece of child[name]) lines.write(piece);
    } catch (error) {
      // `drained` closes streams early.
      if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
    }
    lines.end();
  }));
}

/** Waits for all output. Ends processes of the command that hold its pipes. */
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
