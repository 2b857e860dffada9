// Lines of logs of steps.
import type { Registry } from "../../../mod.ts";
import type { CommandContext } from "../program/command.ts";
import { printable } from "../terminal/table.ts";

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
    return await io.stdout.write(`${JSON.stringify({ run, step, attempt, at, level, line })}\n`);
  }
  const text = io.stdout.isTerminal ? printable(entry.line) : entry.line;
  await io.stdout.write(isOne ? `${text}\n` : `${entry.step} | ${text}\n`);
}

export async function* keptLines(
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
