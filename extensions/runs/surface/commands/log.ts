// `runs log`: points of any program, through a pipe.
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { shellWord } from "../../../../core/kernel.ts";
import {
  defineCommand,
  formatCount,
  invalid,
  stdinOf,
  withHints,
} from "../../../../apps/cli/extending.ts";
import type { Command, CommandContext } from "../../../../apps/cli/extending.ts";
import { openRun, type Run, type RunName } from "../../mod.ts";
import { keptRun, linesOf } from "./point_lines.ts";
import { type LoggedPoints, PointLog } from "./point_log.ts";
import { factsOf, PARAM_OPTION, RUN_NAME, TAG_OPTION, wordsOf } from "./run_options.ts";

export const log: Command = defineCommand({
  name: "runs log",
  summary: "Log lines of JSON from standard input to a run.",
  details:
    "Each line with a JSON object is a point. Other lines, and points that cannot be stored " +
    "exactly, are printed. The input is read to its end, whatever happens: the first Ctrl-C is " +
    "ignored, and points that cannot be sent are kept in a file for --from. The run stays open at " +
    "the end of the input. Save it with the files that the program wrote: holdfast runs finish " +
    "NAME ID PATH.",
  args: [RUN_NAME, { usage: "[id]", text: "the id of the run (default: a new one)" }],
  options: [
    PARAM_OPTION,
    TAG_OPTION,
    {
      flags: "--from <file>",
      text: "store the points that an earlier call has kept, and remove the file",
      completes: "file",
    },
  ],
  examples: [
    ["./train | holdfast runs log digits:model 7 -p rate:=0.1", "watch any program"],
    ["holdfast runs log digits:model 7 < history.jsonl", "an existing file"],
  ],
  async run([name, id], { param = [], tag = [], from }, context) {
    const { io } = context;
    const openAs = async (id: string | undefined) => {
      const registry = await context.open({ write: true });
      return await openRun(registry, name, { id, ...factsOf(param, tag) });
    };
    if (from !== undefined) {
      const path = resolve(io.cwd, from);
      const run = await keptRunOf(path, { name, id });
      const another = `holdfast runs log ${shellWord(name)} < ${shellWord(path)}`;
      const hint = `Log them to another run: ${another}`;
      const stored = openAs(run.id).then((opened) => store(path, opened, context));
      return await withHints(stored, { Conflict: hint });
    }
    const words = wordsOf(param, tag);
    const points = new PointLog(context, { name, id, words, open: () => openAs(id) });
    io.outlast?.("The input is read to its end. Press Ctrl-C again to stop.");
    await points.begin();
    let stopped: { error: unknown } | undefined;
    try {
      for await (const line of linesOf(stdinOf(io))) await points.take(line);
    } catch (error) {
      stopped = { error };
    }
    const logged = await points.end();
    if (stopped !== undefined) throw stopped.error;
    await report(logged, context);
  },
});

async function report(
  { run, points, refused }: LoggedPoints,
  context: CommandContext,
): Promise<void> {
  const { name, id, writer } = run;
  const leftOut = refused === 0 ? "" : `, ${refused} left out`;
  const text = `Logged ${formatCount(points, "point")} to run ${id}${leftOut}`;
  await context.done({ name, id, first: writer.points, points, refused }, text, id);
}

/** Returns the run of the points in a file. Throws if it is not the given one. */
async function keptRunOf(
  path: string,
  { name, id }: { name: string; id?: string },
): Promise<RunName> {
  let head = "";
  for await (const line of linesOf(createReadStream(path))) {
    head = line.toString();
    break;
  }
  const kept = keptRun(head);
  const file = shellWord(path);
  if (kept === undefined) {
    const hint = `Log them to a run: holdfast runs log ${shellWord(name)} < ${file}`;
    throw invalid(`store the points of ${file}`, "they are not those of a run", hint);
  }
  if (kept.name === name && (id === undefined || kept.id === id)) return kept;
  const of = `${shellWord(kept.name)} ${shellWord(kept.id)}`;
  const state = `they are those of run "${kept.id}" of "${kept.name}"`;
  const hint = `Store them there: holdfast runs log ${of} --from ${file}`;
  throw invalid(`store the points of ${file}`, state, hint);
}

/** Stores the points of a file. A repeat stores none of them twice. */
async function store(path: string, run: Run, context: CommandContext): Promise<void> {
  const lines = async function* () {
    for await (const line of linesOf(createReadStream(path))) yield line.toString();
  };
  const points = await run.restore(lines());
  await run.close();
  await rm(path, { force: true }); // another call may have stored the same points
  await report({ run, points, refused: 0 }, context);
}
