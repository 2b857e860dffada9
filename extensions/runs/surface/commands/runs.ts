// Runs that programs log to.
import { resolve } from "node:path";
import { localPath, type Registry, type SavedArtifact } from "../../../../mod.ts";
import {
  checkNewAlias,
  defineCommand,
  formatCount,
  formatTimes,
  invalid,
  noName,
  printTable,
  refuseRef,
  YES_OPTION,
} from "../../../../apps/cli/extending.ts";
import type { Command } from "../../../../apps/cli/extending.ts";
import { conflict, itemAt, shellWord } from "../../../../core/kernel.ts";
import { discardRun, finishRun, type FinishRunOptions, openRun } from "../../mod.ts";
import { readLoggedRun, readLoggedRuns, updateRun } from "../../mod.ts";
import { factsOf, PARAM_OPTION, RUN_ID, RUN_NAME, TAG_OPTION } from "./run_options.ts";
import { log } from "./log.ts";

const ls: Command = defineCommand({
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

const show: Command = defineCommand({
  name: "runs show",
  summary: "Print the points of a run as lines of JSON, also before it ends.",
  args: [RUN_NAME, RUN_ID],
  options: [],
  examples: [
    ["holdfast runs show digits:model 7 | tail -n 1", "the last point"],
    ["holdfast runs show digits:model 7 > history.jsonl", "all points"],
  ],
  whenUnread: "end",
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

const set: Command = defineCommand({
  name: "runs set",
  summary: "Add parameters and tags to a run that is not finished.",
  details: "Another value of a parameter or tag is refused without --replace.",
  args: [RUN_NAME, RUN_ID],
  options: [
    PARAM_OPTION,
    TAG_OPTION,
    { flags: "--replace", text: "replace other values; key:=null removes a tag" },
  ],
  examples: [
    ["holdfast runs set digits:model 7 -t note=baseline", "a tag"],
    ["holdfast runs set digits:model 7 -p rate:=0.05 --replace", "correct a parameter"],
  ],
  async run([name, id], { param = [], tag = [], replace }, context) {
    const { params, tags } = factsOf(param, tag);
    if (param.length + tag.length === 0) {
      throw invalid(`change run "${id}"`, "nothing is given", "Add -p key=value or -t key=value.");
    }
    const registry = await context.open({ write: true });
    const { signal } = context.io;
    await updateRun(registry, name, { id, params, tags, replace, signal });
    await context.done({ name, id, params, tags }, `Changed run ${id} of ${name}`, "");
  },
});

const rm: Command = defineCommand({
  name: "runs rm",
  summary: "Discard a run that is not finished, such as one with a mistyped name.",
  details:
    "Asks first; scripts pass --yes. A program that still logs to the run gets an error. gc " +
    "removes the points after the grace period.",
  args: [RUN_NAME, RUN_ID],
  options: [YES_OPTION],
  examples: [
    ["holdfast runs rm digits:modle 7", "a run with a mistyped name"],
    ["holdfast runs rm digits:model 7 --yes", "without asking"],
  ],
  async run([name, id], { yes }, context) {
    const registry = await context.open({ write: true });
    const { signal } = context.io;
    const run = await readLoggedRun(registry, name, { id, lines: false, signal });
    const spoken = `run ${id} of ${name}`;
    const hasEnded = run.state === "finished" || run.state === "discarded";
    if (hasEnded || run.version !== undefined) { // a failed run can have a version
      const state = run.version === undefined
        ? `it is ${run.state}`
        : `it was finished as ${run.version}`;
      const hint = run.version === undefined
        ? "Check the id: holdfast runs ls"
        : `Delete the version instead: holdfast rm ${shellWord(`${name}@${run.version}`)}`;
      throw conflict("discard", spoken, state, { hint });
    }
    const about = `${run.state}, ${formatCount(run.points, "point")}`;
    if (!yes && !await context.confirm(`Discard ${spoken} (${about})?`)) {
      await context.note("Nothing was discarded");
      return 1;
    }
    const discarded = await discardRun(registry, name, { id, signal });
    if (!discarded) {
      const hint = `See its state: holdfast runs show ${shellWord(name)} ${shellWord(id)}`;
      throw conflict("discard", spoken, "it has ended meanwhile", { hint });
    }
    await context.done({ name, id, discarded }, `Discarded ${spoken}`, "");
  },
});

const finish: Command = defineCommand({
  name: "runs finish",
  summary: "Save what a run has logged as a version, with a file or folder.",
  details:
    "The run may be that of a killed program. The version has the curve as history.jsonl, and the " +
    "last values and the parameters in its metadata. A program that still logs to the run gets an " +
    "error.",
  args: [RUN_NAME, RUN_ID, { usage: "[path]", text: "the file or folder to save (default: none)" }],
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

/** The commands of runs, in the order of the help. */
export const runs: readonly Command[] = [
  ls,
  log,
  show,
  set,
  finish,
  rm,
];
