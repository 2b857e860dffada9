// The console and system metrics of a run that goes on. They come in parts, as W&B's clients send
// them, whose names have the numbers of the next lines:
//
//   stream-<time>-<line of the console>-<line of system metrics>-<s if it has a summary>-<id>
import { isJsonObject, parsedJson } from "../../../core/kernel.ts";
import type { RunLook } from "../look_at_run.ts";

export const SUMMARY_FILE = "wandb-summary.json";
export const CONSOLE_FILE = "output.log", EVENTS_FILE = "wandb-events.jsonl";
export const STREAM = /^stream-\d+-(\d+)-(\d+)-([cs])-/;
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** Returns the console, system metrics and the last summary, as they came. */
export async function streamedFiles({ draft }: RunLook): Promise<Map<string, Uint8Array>> {
  const parts = await draft.readWanted((part) => STREAM.test(part));
  parts.sort((one, other) => one.note.part < other.note.part ? -1 : 1);
  const lines = new Map<string, Map<number, string>>(), found = new Map<string, Uint8Array>();
  for (const part of parts) {
    for (const file of part.note.files) {
      const bytes = await draft.open(part, file).bytes(), { path } = file;
      if (path === SUMMARY_FILE) found.set(path, bytes);
      else {
        const sent = parsedJson(decoder.decode(bytes));
        if (!isJsonObject(sent) || !Array.isArray(sent.content)) continue; // of no known program
        const all = lines.get(path) ?? new Map<number, string>();
        lines.set(path, all);
        for (const [at, line] of sent.content.entries()) {
          all.set(Number(sent.offset) + at, `${line}`);
        }
      }
    }
  }
  for (const [path, all] of lines) {
    const text = [...all].sort(([one], [other]) => one - other)
      .map(([, line]) => path === CONSOLE_FILE ? withoutTime(line) : line);
    found.set(path, encoder.encode(`${text.join("\n")}\n`));
  }
  return found;
}

/** Lines of the console begin with a time. */
function withoutTime(line: string): string {
  return line.replace(/^(ERROR )?\d{4}-\d\d-\d\dT[\d:.]+ /, "").replace(/\n$/, "");
}
