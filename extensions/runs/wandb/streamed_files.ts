// The console and system metrics of a run that goes on. They come in parts, as W&B's clients send
// them, whose names have the numbers of the next lines. Programs that share a run count their own lines.
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
    const texts = all.map(({ line }) => path === CONSOLE_FILE ? lineOf(line).text : line);
    found.set(path, encoder.encode(`${texts.join("\n")}\n`));
  }
  return found;
}

/**
 * A line of the console. The time, the level `error` of stderr, and the label of a program that shares
 * a run are known while it goes on.
 */
export interface ConsoleLine {
  readonly text: string;
  readonly time?: string;
  readonly level?: string;
  readonly label?: string;
}

/** A line as it was sent. */
export interface SentLine {
  /** The program that sent it, if others share its run. */
  readonly writer: string;
  /** Its number among those of its program. */
  readonly at: number;
  readonly line: string;
}

/** Returns the lines of the console of a run that goes on. */
export async function consoleLines(look: RunLook): Promise<ConsoleLine[]> {
  const lines = (await streamedLines(look)).lines.get(CONSOLE_FILE) ?? [];
  return lines.map(({ writer, line }) => {
    const own = lineOf(line), labeled = writer === "" ? null : /^\[([^\]]*)\] /.exec(own.text);
    return labeled ? { ...own, label: labeled[1], text: own.text.slice(labeled[0].length) } : own;
  });
}

/** Returns the lines of the console and system metrics by path, and the last summary. */
export async function streamedLines({ draft }: RunLook) {
  const parts = await draft.readWanted((part) => STREAM.test(part));
  parts.sort((one, other) => one.note.part < other.note.part ? -1 : 1);
  const found = new Map<string, SentLine[]>();
  let summary: Uint8Array | undefined;
  for (const part of parts) {
    for (const file of part.note.files) {
      const opened = draft.open(part, file), { path } = file;
      if (path === SUMMARY_FILE) summary = await opened.bytes();
      else {
        const all = found.get(path) ?? [];
        found.set(path, all);
        for (const line of await linesIn(opened)) all.push(line);
      }
    }
  }
  const lines = new Map([...found].map(([path, all]) => [path, inOrder(all)] as const));
  return { lines, summary };
}

/**
 * Returns lines by their numbers, of which later ones replace earlier ones. Those of programs that
 * share a run are by their times.
 */
export function inOrder(lines: readonly SentLine[]): SentLine[] {
  const programs = new Map<string, Map<number, SentLine>>();
  for (const line of lines) {
    const own = programs.get(line.writer) ?? new Map<number, SentLine>();
    programs.set(line.writer, own.set(line.at, line));
  }
  const all = Array.from(
    programs.values(),
    (own) => [...own.values()].sort((one, other) => one.at - other.at),
  );
  if (all.length < 2) return all.flat();
  const timed = all.flatMap((own) => {
    let ms = 0;
    return own.map((line) => ({ line, ms: ms = timeIn(line.line) ?? ms }));
  });
  return timed.sort((one, other) => one.ms - other.ms).map(({ line }) => line);
}

/** Returns the time of a line of the console, or of system metrics. */
function timeIn(line: string): number | undefined {
  const { time } = lineOf(line), values = time === undefined ? parsedJson(line) : undefined;
  const ms = isJsonObject(values) ? Number(values._timestamp) * 1000 : Date.parse(`${time}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Returns the lines of a file of a part; none of an unknown program. */
export async function linesIn(file: ArtifactFile): Promise<SentLine[]> {
  const sent = parsedJson(decoder.decode(await file.bytes()));
  if (!isJsonObject(sent) || !Array.isArray(sent.content)) return [];
  const { offset, writer = "" } = sent;
  return sent.content.map((line, at) => ({
    writer: `${writer}`,
    at: Number(offset) + at,
    line: `${line}`,
  }));
}

/** Lines of the console begin with a time. */
export function lineOf(line: string): ConsoleLine {
  const [head = "", error, time] = /^(ERROR )?(\d{4}-\d\d-\d\dT[\d:.]+) /.exec(line) ?? [];
  return { text: line.slice(head.length).replace(/\n$/, ""), time, level: error && "error" };
}
