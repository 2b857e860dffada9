// Runs that programs log to.
import { Buffer, isUtf8 } from "node:buffer";
import { resolve } from "node:path";
import { isRegistryError, localPath, type Registry, type SavedArtifact } from "../../../../mod.ts";
import { finishRun, type FinishRunOptions, openRun } from "../../../../registry/mod.ts";
import { readLoggedRun, readLoggedRuns, type RunValues } from "../../../../registry/mod.ts";
import { parseExactJson } from "../../../../core/text/json_text.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { checkNewAlias, refuseRef } from "../../program/refusals.ts";
import { invalid, noName } from "../../terminal/hints.ts";
import { printTable } from "../../program/print_table.ts";
import { stdinOf } from "../../terminal/cli_io.ts";
import { parseEntry } from "../../values/metadata.ts";
import { formatCount, formatTimes } from "../../terminal/units.ts";
import { itemAt } from "../../../../core/faults/present.ts";

const NAME = {
  usage: "<name>",
  text: "the artifact that the run computes",
  completes: "name",
} as const;
const ID = { usage: "<id>", text: "the id of the run" } as const;

export const ls: Command = defineCommand({
  name: "runs ls",
  summary: "List runs that are not finished: running, killed and failed ones.",
  details: "`silent`: nothing was stored for two minutes. The run logs rarely, was killed, or " +
    "cannot reach the store. Finished runs are versions: holdfast versions NAME.",
  args: [{ usage: "[name]", text: "only runs of this artifact", completes: "name" }],
  options: [],
  examples: [
    ["holdfast runs ls", "of all names"],
    ["holdfast runs ls digits:model --json", "one JSON object per line"],
  ],
  async run([name], _flags, context) {
    if (name !== undefined) refuseRef(name, "list the runs of", "runs ls");
    const registry = await context.open();
    const runs = await Array.fromAsync(
      readLoggedRuns(registry, { name, signal: context.io.signal }),
    );
    const times = formatTimes(runs.map(({ lastAt }) => lastAt));
    const rows = runs.map((run, i) => ({
      json: run,
      cells: [run.name, run.id, run.state, `${run.points}`, itemAt(times, i), run.reason ?? ""],
    }));
    const columns = ["NAME", "RUN", "STATE", "POINTS", "LAST STORED", "REASON"];
    await printTable(context, context.shared.quiet ? undefined : columns, rows);
    if (runs.length > 0) return;
    if (name !== undefined && !await registry.has(name, { signal: context.io.signal })) {
      throw await noName(registry, name, "list the runs of");
    }
    await context.note("No runs: finished ones are versions");
  },
});

export const show: Command = defineCommand({
  name: "runs show",
  summary: "Print the points of a run as lines of JSON, also before it ends.",
  args: [NAME, ID],
  options: [],
  examples: [
    ["holdfast runs show digits:model 7 | tail -n 1", "the last point"],
    ["holdfast runs show digits:model 7 > history.jsonl", "all points"],
  ],
  async run([name, id], _flags, context) {
    refuseRef(name, "read a run of", "runs show");
    const registry = await context.open();
    const { signal } = context.io;
    for (let after: string | undefined, more = true; more;) {
      const page = await readLoggedRun(registry, name, { id, after, signal });
      await context.io.stdout.write(page.lines);
      ({ next: after, more } = page);
    }
  },
});

export const log: Command = defineCommand({
  name: "runs log",
  summary: "Log lines of JSON from standard input to a run.",
  details:
    "Each line with a JSON object is a point. Other lines are printed. Points that cannot be " +
    "stored exactly are left out, with a note. The run stays open at the end of the input. Save it " +
    "with the files that the program wrote: holdfast runs finish NAME ID PATH.",
  args: [NAME, { usage: "[id]", text: "the id of the run (default: a new one)" }],
  options: [
    {
      flags: "-p, --param <key=value>",
      text: "a parameter; key:=JSON for numbers",
      parse: parseEntry,
      repeat: true,
    },
  ],
  examples: [
    ["./train | holdfast runs log digits:model 7 -p rate:=0.1", "watch any program"],
    ["holdfast runs log digits:model 7 < history.jsonl", "a file that exists"],
  ],
  async run([name, id], { param = [] }, context) {
    const registry = await context.open({ write: true });
    const { io } = context;
    const params = Object.fromEntries(param);
    const run = await openRun(registry, name, { id, params, signal: io.signal });
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

export const finish: Command = defineCommand({
  name: "runs finish",
  summary: "Save what a run has logged as a version, with a file or folder.",
  details:
    "The run may be that of a killed program. The version has the curve as history.jsonl, and the " +
    "last values and the parameters in its metadata. A program that still logs to the run gets an " +
    "error.",
  args: [NAME, ID, { usage: "[path]", text: "the file or folder to save (default: none)" }],
  options: [
    { flags: "--version <version>", text: "the number (default: the next one)" },
    { flags: "-a, --alias <alias>", text: "point this alias to it" },
  ],
  examples: [
    ["holdfast runs finish digits:model 7 ./model -a candidate", "with the files of the model"],
    ["holdfast runs finish digits:model 7", "keep a killed run"],
  ],
  async run([name, id, path], { version, alias }, context) {
    if (alias !== undefined) checkNewAlias(alias);
    const registry = await context.open({ write: true });
    const { signal } = context.io;
    const options = { version, alias, signal };
    const saved = path === undefined
      ? await finishRun(registry, name, { id, ...options })
      : await finishWith(registry, { name, id, path: resolve(context.io.cwd, path) }, options);
    const ref = `${saved.name}@${saved.version}`;
    await context.done({ ...saved, alias }, `Saved ${ref}`, ref);
  },
});

async function finishWith(
  registry: Registry,
  { name, id, path }: { name: string; id: string; path: string },
  options: FinishRunOptions,
): Promise<SavedArtifact> {
  const { signal } = options;
  await readLoggedRun(registry, name, { id, signal }); // throws if there is none
  const run = await openRun(registry, name, { id, signal });
  return await run.finish(localPath(path), options);
}
