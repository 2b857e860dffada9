// `runs log`: points of any program, through a pipe.
import { Buffer, isUtf8 } from "node:buffer";
import { isRegistryError } from "../../../../mod.ts";
import { openRun, type RunValues } from "../../../../registry/mod.ts";
import { parseExactJson } from "../../../../core/text/json_text.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { invalid } from "../../terminal/hints.ts";
import { stdinOf } from "../../terminal/cli_io.ts";
import { factsOf, PARAM_OPTION, RUN_NAME, TAG_OPTION } from "../../logging/run_options.ts";
import { formatCount } from "../../terminal/units.ts";

export const log: Command = defineCommand({
  name: "runs log",
  summary: "Log lines of JSON from standard input to a run.",
  details:
    "Each line with a JSON object is a point. Other lines are printed. Points that cannot be " +
    "stored exactly are left out, with a note. The run stays open at the end of the input. Save it " +
    "with the files that the program wrote: holdfast runs finish NAME ID PATH.",
  args: [RUN_NAME, { usage: "[id]", text: "the id of the run (default: a new one)" }],
  options: [
    PARAM_OPTION,
    TAG_OPTION,
  ],
  examples: [
    ["./train | holdfast runs log digits:model 7 -p rate:=0.1", "watch any program"],
    ["holdfast runs log digits:model 7 < history.jsonl", "a file that exists"],
  ],
  async run([name, id], { param = [], tag = [] }, context) {
    const registry = await context.open({ write: true });
    const { io } = context;
    const run = await openRun(registry, name, { id, ...factsOf(param, tag), signal: io.signal });
    const first = run.writer.points;
    let points = 0, refused = 0;
    for await (const line of linesOf(stdinOf(io))) {
      try {
        const point = parsePoint(decoder.decode(line));
        if (point === undefined) {
          await io.stdout.write(Buffer.concat([line, NEWLINE]));
          continue;
        }
        if (!isUtf8(line)) {
          const subject = `run "${run.id}" of "${name}"`;
          throw invalid(`log to ${subject}`, "a point is not UTF-8", "Write names in UTF-8.");
        }
        run.log(point);
        if (++points % FLUSHED === 0) await run.flush();
      } catch (error) {
        if (!isRegistryError(error, "Invalid")) throw error;
        if (refused++ === 0) await context.note(`${error.message}. ${error.hint}`);
      }
    }
    await run.flush();
    const leftOut = refused === 0 ? "" : `, ${refused} left out`;
    const text = `Logged ${formatCount(points, "point")} to run ${run.id}${leftOut}`;
    await context.done({ name, id: run.id, first, points, refused }, text, run.id);
  },
});

/** Points after which a long input waits until they are stored: it is read faster than that. */
const FLUSHED = 20_000;
const decoder = new TextDecoder(); // removes a byte order mark
const NEWLINE = Buffer.from("\n");
/** Bytes of a line; the rest of a longer one is another line. */
const MOST_LINE = 4 * 1024 * 1024;

/** Yields lines as bytes: those that are printed may have any. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = ""; // a character for each byte
  for await (const { buffer, byteOffset, byteLength } of stream) {
    const lines = (rest + Buffer.from(buffer, byteOffset, byteLength).toString("latin1"))
      .split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield Buffer.from(line, "latin1");
    if (rest.length <= MOST_LINE) continue;
    yield Buffer.from(rest, "latin1");
    rest = "";
  }
  if (rest !== "") yield Buffer.from(rest, "latin1");
}

/** Returns the object of a line, also with NaN and infinities as Python writes them. */
function parsePoint(line: string): RunValues | undefined {
  if (!/^\s*\{/.test(line)) return undefined;
  const quoted = line.replaceAll(/([:[,]\s*)(NaN|-?Infinity)\b/g, '$1"$2"');
  for (const text of [line, quoted]) {
    try {
      return parseExactJson(text) as RunValues;
    } catch (error) {
      if (isRegistryError(error)) throw error;
    }
  }
  return undefined;
}
