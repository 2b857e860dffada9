// Logs of steps: print a line, read a stored log, follow a run.
import { readFile } from "node:fs/promises";
import { isRegistryError, type Registry } from "../../../mod.ts";
import type { CommandContext } from "../program/command.ts";
import { printable, printableJson } from "../terminal/table.ts";

export interface LogLine {
  run: string;
  step: string;
  /** From 1. */
  attempt: number;
  line: string;
}

export async function printLine(
  entry: LogLine,
  isOne: boolean,
  { io, shared }: CommandContext,
): Promise<void> {
  if (shared.json) {
    const [, at, level, line = ""] = /^(\S+Z) (\w+) (.*)$/s.exec(entry.line) ??
      [undefined, undefined, undefined, entry.line];
    const { run, step, attempt } = entry;
    return await io.stdout.write(`${printableJson({ run, step, attempt, at, level, line })}\n`);
  }
  const text = io.stdout.isTerminal ? printable(entry.line) : entry.line;
  await io.stdout.write(isOne ? `${text}\n` : `${entry.step} | ${text}\n`);
}

export async function* storedLines(
  registry: Registry,
  ref: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const artifact = await registry.open(ref, { signal });
  let rest = "";
  for await (const text of artifact.file("log.txt").stream().pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const POLL_MS = 500;

/**
 * Prints logs of steps until their run has a result. Logs of ended attempts are in the registry, of
 * running ones in the folder of the run, below the current folder.
 */
export async function followLogs(
  registry: Registry,
  { run, steps }: { run: string; steps: readonly string[] },
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const { signal, system } = io;
  const { readResult } = await import("../../../operators/runner/mod.ts");
  const { attemptsOf } = await import("../../../operators/runner/records/failures.ts");
  const { runningLogs } = await import("../../../operators/runner/running_logs.ts");
  const workDir = await workDirOf(registry, run, signal);
  const followed = new Map(
    steps.map((step) => [step, { printed: [] as number[], seen: new Set<string>(), ended: false }]),
  );
  await context.note(`${run}: Ctrl-C stops following, not the run`);
  for (;;) {
    const result = await readResult(registry, run, { signal }); // before the logs, to miss none
    for (const step of steps) if (!followed.get(step)!.ended) await poll(step);
    if (result !== undefined) return await context.note(`${run} ended: ${result.end}`);
    await system.sleep(POLL_MS, signal);
  }

  async function poll(step: string): Promise<void> {
    const state = followed.get(step)!;
    const running = await Promise.all(
      runningLogs({ run, step, root: io.cwd, workDir }).map(writtenLines),
    );
    const attempts = await attemptsOf(registry, { run, step }, { signal });
    for (const [i, { ref, hasLog, record }] of attempts.entries()) {
      if (hasLog && !state.seen.has(ref)) {
        const lines = await Array.fromAsync(storedLines(registry, ref, signal));
        await printNew(step, i, lines);
        state.seen.add(ref).add(lines[0] ?? "");
      }
      state.ended ||= record.kind === "step";
    }
    // A log stored meanwhile starts with the same line, which has a timestamp.
    for (const lines of running) {
      if (!state.seen.has(lines[0] ?? "")) await printNew(step, attempts.length, lines);
    }
  }

  async function printNew(step: string, attempt: number, lines: readonly string[]): Promise<void> {
    const { printed } = followed.get(step)!;
    for (const line of lines.slice(printed[attempt] ?? 0)) {
      await printLine({ run, step, attempt: attempt + 1, line }, steps.length === 1, context);
    }
    printed[attempt] = Math.max(printed[attempt] ?? 0, lines.length);
  }
}

/** Returns the complete lines of a running step; none if it has ended meanwhile. */
async function writtenLines(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").slice(0, -1);
}

async function workDirOf(registry: Registry, run: string, signal: AbortSignal): Promise<string> {
  const [pipeline, number] = run.split("@");
  try {
    const plan = await registry.open(`${pipeline}:run@${number}.0.0`, { signal });
    const { work_dir: workDir } =
      JSON.parse(new TextDecoder().decode(await plan.file("pipeline.json").bytes())).pipeline;
    return typeof workDir === "string" ? workDir : ".holdfast-runs";
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return ".holdfast-runs";
    throw error;
  }
}
