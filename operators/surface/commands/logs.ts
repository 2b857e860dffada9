import {
  type Command,
  type CommandContext,
  defineCommand,
  notFound,
  printable,
  printableJson,
} from "../../../apps/cli/extending.ts";
import { orMissing, parsedJson, valueAt } from "../../../core/kernel.ts";
import type { Registry } from "../../../mod.ts";
import { findRun, RUN_ARGUMENT } from "../run_ref.ts";
import { readFile } from "node:fs/promises";
import type { RunPlace } from "../../runner/running_logs.ts";

export const logs: Command = defineCommand({
  name: "pipeline logs",
  summary: "Print the logs of a run: all attempts of one step, or of all steps.",
  details: "A log is saved when its attempt ends. A skipped step shows the log of the success it " +
    "reuses. Logs of running and cancelled steps are only on their machine, in the folder of the " +
    "pipeline. The next run removes those of cancelled steps. --follow prints until the run ends.",
  args: [RUN_ARGUMENT, { usage: "[step]", text: "only this step" }],
  options: [{ flags: "-f, --follow", text: "print until the run ends" }],
  examples: [
    ["holdfast pipeline logs training@3 train", "the log of one step"],
    ["holdfast pipeline logs training --follow", "follow all steps of the last run"],
  ],
  whenUnread: "end",
  async run([text, step], { follow = false }, context) {
    const registry = await context.open();
    const run = await findRun(registry, text, context);
    const { readRun } = await import("../../runner/mod.ts");
    const { steps: planned } = await readRun(registry, run, { signal: context.io.signal });
    const steps = planned.map(({ step }) => step);
    if (step !== undefined && !steps.includes(step)) {
      const hint = `It has: ${steps.slice(0, 20).join(", ")}${steps.length > 20 ? " …" : ""}.`;
      throw notFound(`find step ${JSON.stringify(step)} in run ${run}`, "no such step", hint);
    }
    const chosen = step === undefined ? steps : [step];
    if (follow) return await followLogs(registry, { run, steps: chosen }, context);
    const count = await printLogs(registry, { run, steps: chosen }, context);
    if (count === 0) {
      await context.note(`${run}${step === undefined ? "" : ` ${step}`}: no log was saved`);
    }
  },
});

async function printLogs(
  registry: Registry,
  { run, steps }: { run: string; steps: readonly string[] },
  context: CommandContext,
): Promise<number> {
  const { signal } = context.io;
  const { readResult } = await import("../../runner/mod.ts");
  const { attemptsOf } = await import("../../runner/records/failures.ts");
  const result = await readResult(registry, run, { signal });
  const place = await placeOf(registry, run, context);
  let count = 0;
  for (const step of steps) {
    const outcome = result?.steps[step];
    const earlier = outcome?.end === "skipped" ? outcome.record : undefined;
    const attempts = earlier === undefined
      ? await attemptsOf(registry, { run, step }, { signal })
      : [{ ref: earlier, hasLog: await hasLog(registry, earlier, signal) }];
    if (earlier !== undefined && steps.length === 1) {
      await context.note(`${step} was skipped; this is the log of ${earlier}:`);
    }
    const firstLines = new Set<string>(); // first lines: kept logs of ended attempts are here, too
    const print = async (lines: AsyncIterable<string> | string[], attempt: number) => {
      let first = true;
      for await (const line of lines) {
        count++;
        if (first) firstLines.add(line);
        first = false;
        await printLine({ run, step, attempt, line }, steps.length === 1, context);
      }
    };
    for (const [i, { ref, hasLog }] of attempts.entries()) {
      if (hasLog) await print(storedLines(registry, ref, signal), i + 1);
    }
    const here = earlier === undefined ? await logsHere({ ...place, step }) : [];
    for (const lines of here) {
      if (!firstLines.has(lines[0] ?? "")) await print(lines, attempts.length + 1);
    }
  }
  return count;
}

/** Returns the lines of running and cancelled attempts on this machine. */
async function logsHere(place: RunPlace & { step: string }): Promise<string[][]> {
  const { runningLogs } = await import("../../runner/running_logs.ts");
  return await Promise.all(runningLogs(place).map(writtenLines));
}

async function hasLog(registry: Registry, ref: string, signal: AbortSignal): Promise<boolean> {
  const info = await orMissing(registry.info(ref, { signal })); // it may have been pruned
  return info?.files.some(({ path }) => path === "log.txt") ?? false;
}

interface LogLine {
  run: string;
  step: string;
  /** From 1. */
  attempt: number;
  line: string;
}

async function printLine(
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
  const text = isOne ? entry.line : `${entry.step} | ${entry.line}`;
  await io.stdout.write(`${io.stdout.isTerminal ? printable(text) : text}\n`);
}

async function* storedLines(
  registry: Registry,
  ref: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const artifact = await registry.open(ref, { signal });
  let rest = "";
  for await (const text of artifact.file("log.txt").stream().pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const POLL_MS = 500;

/**
 * Prints logs of steps until their run has a result. Logs of ended attempts are in the registry, of
 * running ones in the folder of the run, below the current folder.
 */
async function followLogs(
  registry: Registry,
  { run, steps }: { run: string; steps: readonly string[] },
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const { signal, system } = io;
  const { readResult } = await import("../../runner/mod.ts");
  const { attemptsOf } = await import("../../runner/records/failures.ts");
  const place = await placeOf(registry, run, context);
  const followed = new Map(
    steps.map((step) => [step, { printed: [] as number[], seen: new Set<string>(), ended: false }]),
  );
  await context.note(`${run}: Ctrl-C stops following, not the run`);
  for (;;) {
    const result = await readResult(registry, run, { signal }); // before the logs, to miss none
    for (const step of steps) if (!valueAt(followed, step).ended) await poll(step);
    if (result !== undefined) return await context.note(`${run} ended: ${result.end}`);
    await system.sleep(POLL_MS, signal);
  }

  async function poll(step: string): Promise<void> {
    const state = valueAt(followed, step);
    const running = await logsHere({ ...place, step });
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
    const { printed } = valueAt(followed, step);
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

async function placeOf(
  registry: Registry,
  run: string,
  { io: { cwd: root, signal } }: CommandContext,
): Promise<RunPlace> {
  const [pipeline, number] = run.split("@");
  const plan = await orMissing(registry.open(`${pipeline}:run@${number}.0.0`, { signal }));
  const text = await plan?.file("pipeline.json").bytes();
  const workDir = text === undefined ? undefined : workDirIn(new TextDecoder().decode(text));
  return { run, root, workDir: workDir ?? ".holdfast-runs" };
}

/** Reads a member of a stored configuration; undefined if it is damaged. */
function workDirIn(configuration: string): string | undefined {
  const stored = parsedJson(configuration) as { pipeline?: { work_dir?: unknown } } | null;
  const workDir = stored?.pipeline?.work_dir;
  return typeof workDir === "string" ? workDir : undefined;
}
