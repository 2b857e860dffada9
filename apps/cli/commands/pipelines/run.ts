// `holdfast pipeline run`
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegistryError } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import type { Pipeline, RunEvent } from "../../../../operators/runner/mod.ts";
import type { Shard } from "../../../../workers/mod.ts";
import {
  openPipeline,
  PIPELINE_ARGUMENT,
  PIPELINE_OPTIONS,
  type PipelineFlags,
  runnerOptions,
} from "../../pipelines/open_pipeline.ts";
import { loadConfigPart } from "../../pipelines/pipeline_parts.ts";
import {
  ENGINE_OPTION,
  engineUrl,
  MERGED_FILE,
  openCarrier,
} from "../../pipelines/open_carrier.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { Interruption } from "../../program/exit_code.ts";
import { shellWord } from "../../program/hints.ts";
import { parsePositive } from "../../terminal/units.ts";
import { chosenSteps, PART_OPTIONS, type PartFlags } from "../../pipelines/part.ts";
import { printPlan } from "./plan.ts";
import { RunLog } from "../../pipelines/run_log.ts";
import { reportRun } from "../../pipelines/run_report.ts";
import { createRunView } from "../../pipelines/run_view.ts";

interface RunFlags extends PipelineFlags, PartFlags {
  keep?: boolean;
  failFast?: boolean;
  concurrency?: number;
  dryRun?: boolean;
  engine?: string | true;
  detach?: boolean;
  shard?: string;
  array?: string;
}

export const run: Command = defineCommand<[file: string | undefined], RunFlags>({
  name: "pipeline run",
  summary:
    "Run the steps of a pipeline that something has changed for, in the order of their dependencies.",
  details:
    "Where a step fails, what does not depend on it goes on, and the command ends with 1. A run that was stopped, " +
    "killed or failed is gone on with by running again: what was done and has not changed is skipped. Ctrl-C ends " +
    "what runs, with all its processes. With --json each event is a line, and the result is the last.",
  args: [PIPELINE_ARGUMENT],
  options: [
    ...PART_OPTIONS,
    { flags: "-n, --dry-run", text: "only say what would run, and why: holdfast pipeline plan" },
    { flags: "--fail-fast", text: "begin nothing more after the first failure, and end what runs" },
    {
      flags: "--concurrency <count>",
      text: "so many steps at once at most; else as nodes, cores and memory allow",
      parse: parsePositive,
    },
    {
      flags: "--keep",
      text: "leave the folders that steps worked in, as to look at what a failed one wrote",
    },
    ENGINE_OPTION,
    {
      flags: "--detach",
      text: "with an engine: only hand the run over; workers and jobs go on by themselves",
    },
    {
      flags: "--shard <i/n>",
      text:
        "run it together with n - 1 others, of which this is number i from 0; auto: as the scheduler of an array " +
        "says. A step is executed by one of them, of one with shards each does its parts",
    },
    {
      flags: "--array <id>",
      text:
        "with --shard: what all of them say, and no other run; else the scheduler's id of the array, or HOLDFAST_ARRAY",
    },
    ...PIPELINE_OPTIONS,
  ],
  examples: [
    ["holdfast pipeline run", "the pipeline of this folder"],
    [
      "holdfast pipeline run nightly.yaml --set variables.day=2026-03-01",
      "another one, with another value",
    ],
    [
      "holdfast pipeline run --operator train --force train",
      "one step, although nothing has changed",
    ],
    ["holdfast pipeline run --engine slurm:", "its steps as jobs of Slurm"],
    [
      "HOLDFAST_ENGINE=$URL holdfast pipeline run --engine --detach",
      "its steps by the workers of a queue",
    ],
    [
      "sbatch --array 0-7 --wrap 'holdfast pipeline run --shard auto'",
      "by the eight tasks of an array",
    ],
    ["holdfast pipeline run --json", "one event a line, for programs"],
  ],
  async run([file], flags, context) {
    if (flags.dryRun) return await printPlan(file, flags, context);
    const opened = await openPipeline(file, flags, context);
    const { pipeline } = opened;
    const steps = await chosenSteps(pipeline, flags);
    const { carryPipeline, runPipeline, shareRun, submitRun, takeSecrets } = await import(
      "../../../../operators/runner/mod.ts"
    );
    const url = flags.engine && engineUrl(flags.engine, context, "--engine");
    refuseCombinations(flags, url);
    const share = await sharedWith(flags, context);
    const registry = await context.open({ write: true });
    const withSecrets = {
      ...context,
      io: { ...context.io, system: takeSecrets(pipeline, context.io.system) },
    };
    const { folder } = opened;
    const { operators } = flags;
    const carrier = url === undefined
      ? undefined
      : await openCarrier({ url, pipeline, folder, operators }, withSecrets);
    const { force, failFast, concurrency, keep } = flags;
    const hearing = listen(pipeline, folder, context);
    const options = {
      ...runnerOptions(opened, withSecrets),
      ...{ registry, steps, force, failFast, concurrency, keep },
      logger: context.logger,
      onEvent: hearing.hear,
      onRun: (_run: string, folder: string) => writeBeside(pipeline, folder),
    };
    try {
      if (carrier !== undefined && flags.detach) {
        const run = await submitRun(pipeline, { ...options, carry: carrier });
        await hearing.end();
        const engine = carrier.engine.location.replace(/:$/, "");
        await context.note(
          `handed over to ${engine}; follow it by "holdfast pipeline status ${run}"`,
        );
        return await context.result({ run }, run);
      }
      const running = share !== undefined
        ? shareRun(pipeline, { ...options, ...share })
        : carrier !== undefined
        ? carryPipeline(pipeline, { ...options, carry: carrier })
        : runPipeline(pipeline, options);
      const result = await running.finally(() => hearing.end());
      await reportRun(result, context);
      return result.end === "ok" ? 0 : 1;
    } catch (error) {
      if (error instanceof Interruption && hearing.run !== undefined) {
        const again = file === undefined ? "" : ` ${shellWord(file)}`;
        await context.note(
          `${hearing.run} was stopped. What is done is not done again: holdfast pipeline run${again}`,
        );
      }
      throw error;
    } finally {
      await carrier?.engine[Symbol.asyncDispose]();
    }
  },
});

/** With whom the run is shared, where it is. */
async function sharedWith(
  { shard: given, array }: RunFlags,
  context: CommandContext,
): Promise<{ shard: Shard; array: string } | undefined> {
  if (given === undefined) return undefined;
  const { findShard } = await import("../../values/find_shard.ts");
  const { shard, from, array: found } = findShard(given, context.io.system);
  const id = array ?? found;
  if (!id) {
    const hint =
      "Give all of them the same --array, or HOLDFAST_ARRAY: another one for each run, as a date or the job's id.";
    throw refused("nothing says which processes share the run", hint);
  }
  await context.note(`shard ${shard.index}/${shard.count} (${from}) of array ${id}`);
  return { shard, array: id };
}

/** Throws `Invalid` for options that do not go together. `url` is that of the engine that carries the steps. */
function refuseCombinations(flags: RunFlags, url: string | undefined): void {
  const { shard, array, engine, failFast, detach, keep, concurrency } = flags;
  const isHere = engine === undefined;
  const ofHere = keep ? "--keep" : "--concurrency";
  const wrong: [boolean | undefined, state: string, hint: string][] = [
    [
      array !== undefined && shard === undefined,
      "--array goes with --shard",
      "As in --shard 0/4 --array nightly-17",
    ],
    [
      shard !== undefined && !isHere,
      "--shard and --engine both say who executes steps",
      "Leave out one of them.",
    ],
    [
      shard !== undefined && failFast,
      "--fail-fast would end this process alone",
      "Leave it out, or cancel the whole run.",
    ],
    [
      detach && isHere,
      "--detach needs an engine that goes on by itself",
      "As in --engine redis://127.0.0.1:6379",
    ],
    [
      !isHere && (keep || concurrency !== undefined),
      `${ofHere} is of this machine, and an engine carries the steps`,
      "Say how many steps run at once by runner_count of a node, or --concurrency of each worker.",
    ],
    [
      detach && /^local:/i.test(url ?? ""),
      "steps on this machine end with this command",
      "Leave out --detach, or use workers of a queue, or Slurm.",
    ],
  ];
  for (const [is, state, hint] of wrong) if (is) throw refused(state, hint);
}

function refused(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "run the pipeline like this", state, hint });
}

/** What hears of a run: whoever looks at it, the log that the configuration asks for, a program. */
function listen(
  pipeline: Pipeline,
  folder: string,
  context: CommandContext,
): { run?: string; hear(event: RunEvent): void; end(): Promise<void> } {
  const { io: { stdout, system }, shared: { json, verbose } } = context;
  const view = json ? undefined : createRunView(pipeline, context);
  const log = new RunLog(pipeline.log, { folder, system, verbose });
  let written: Promise<void> = Promise.resolve();
  const hearing = {
    run: undefined as string | undefined,
    hear(event: RunEvent) {
      if (event.type === "run started") hearing.run = event.run;
      if (!log.takes(event)) return;
      view?.hear(event);
      if (json) written = written.then(() => stdout.write(`${JSON.stringify(event)}\n`));
    },
    async end() {
      log.close();
      await view?.end();
      await written;
    },
  };
  return hearing;
}

/** Its merged configuration, as it is run. Secrets are in it as they were written, so nobody else may read it. */
async function writeBeside(pipeline: Pipeline, folder: string): Promise<void> {
  const { encodePipeline } = await loadConfigPart();
  await mkdir(folder, { recursive: true });
  const path = join(folder, MERGED_FILE);
  await writeFile(path, encodePipeline(pipeline), { mode: 0o600 });
  await chmod(path, 0o600); // where it was there already
}
