// The console and system metrics of a run that goes on. They come in parts, as W&B's clients send
// them, whose names have the numbers of the next lines:
//
//   stream-<time>-<line of the console>-<line of system metrics>-<s if it has a summary>-<id>
import { isJsonObject, parsedJson } from "../../../core/kernel.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import type { RunLook } from "../look_at_run.ts";

export const SUMMARY_FILE = "wandb-summary.json";
export const CONSOLE_FILE = "output.log", EVENTS_FILE = "wandb-events.jsonl";
export const STREAM = /^stream-\d+-(\d+)-(\d+)-([cs])-/;
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** Returns the console, system metrics and the last summary, as they came. */
export async function streamedFiles(look: RunLook): Promise<Map<string, Uint8Array>> {
  const { lines, summary } = await streamedLines(look);
  const found = new Map<string, Uint8Array>();
  if (summary !== undefined) found.set(SUMMARY_FILE, summary);
  for (const [path, all] of lines) {
    const text = path === CONSOLE_FILE ? all.map((line) => lineOf(line).text) : all;
    found.set(path, encoder.encode(`${text.join("\n")}\n`));
  }
  return found;
}

/** A line of the console. The time and the level `error` of stderr are known while its run goes on. */
export interface ConsoleLine {
  readonly text: string;
  readonly time?: string;
  readonly level?: string;
}

/** Returns the lines of the console of a run that goes on. */
export async function consoleLines(look: RunLook): Promise<ConsoleLine[]> {
  return ((await streamedLines(look)).lines.get(CONSOLE_FILE) ?? []).map(lineOf);
}

/** Returns the lines of the console and system metrics by path, and the last summary. */
export async function streamedLines({ draft }: RunLook) {
  const parts = await draft.readWanted((part) => STREAM.test(part));
  parts.sort((one, other) => one.note.part < other.note.part ? -1 : 1);
  const found = new Map<string, Map<number, string>>();
  let summary: Uint8Array | undefined;
  for (const part of parts) {
    for (const file of part.note.files) {
      const opened = draft.open(part, file), { path } = file;
      if (path === SUMMARY_FILE) summary = await opened.bytes();
      else {
        const all = found.get(path) ?? new Map<number, string>();
        found.set(path, all);
        for (const [at, line] of await linesIn(opened)) all.set(at, line);
      }
    }
  }
  const inOrder = (all: Map<number, string>) =>
    [...all].sort(([one], [other]) => one - other).map(([, line]) => line);
  const lines = new Map([...found].map(([path, all]) => [path, inOrder(all)] as const));
  return { lines, summary };
}

/** Returns the lines of a file of a part, with their numbers; none of an unknown program. */
export async function linesIn(file: ArtifactFile): Promise<[number, string][]> {
  const sent = parsedJson(decoder.decode(await file.bytes()));
  if (!isJsonObject(sent) || !Array.isArray(sent.content)) return [];
  return sent.content.map((line, at) => [Number(sent.offset) + at, `${line}`]);
}

/** Lines of the console begin with a time. */
export function lineOf(line: string): ConsoleLine {
  const [head = "", error, time] = /^(ERROR )?(\d{4}-\d\d-\d\dT[\d:.]+) /.exec(line) ?? [];
  return { text: line.slice(head.length).replace(/\n$/, ""), time, level: error && "error" };
}
