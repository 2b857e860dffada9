// Runs that programs log to.
import { finishRun, readLoggedRun, readLoggedRuns } from "../../../../registry/mod.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { checkNewAlias, refuseRef } from "../../program/refusals.ts";
import { printTable } from "../../program/print_table.ts";
import { formatTimes } from "../../terminal/units.ts";
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
    if (runs.length === 0) await context.note("No runs: finished ones are versions");
  },
});

export const show: Command = defineCommand({
  name: "runs show",
  summary: "Print the points of a run as lines of JSON, also while it goes on.",
  args: [NAME, ID],
  options: [],
  examples: [["holdfast runs show digits:model 7 | tail -n 1", "the last point"]],
  async run([name, id], _flags, context) {
    const registry = await context.open();
    const { signal } = context.io;
    for (let after: string | undefined, more = true; more;) {
      const page = await readLoggedRun(registry, name, { id, after, signal });
      await context.io.stdout.write(page.lines);
      ({ next: after, more } = page);
    }
  },
});

export const finish: Command = defineCommand({
  name: "runs finish",
  summary: "Save what a killed or failed run has logged as a version.",
  details:
    "The version has the curve as history.jsonl, and the last values and the parameters in " +
    "its metadata. A program that still logs to the run gets an error.",
  args: [NAME, ID],
  options: [
    { flags: "--version <version>", text: "the number (default: the next one)" },
    { flags: "-a, --alias <alias>", text: "point this alias to it" },
  ],
  examples: [["holdfast runs finish digits:model 7", "keep a killed run"]],
  async run([name, id], { version, alias }, context) {
    if (alias !== undefined) checkNewAlias(alias);
    const registry = await context.open({ write: true });
    const { signal } = context.io;
    const saved = await finishRun(registry, name, { id, version, alias, signal });
    const ref = `${saved.name}@${saved.version}`;
    await context.done({ ...saved, alias }, `Saved ${ref}`, ref);
  },
});
