import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellWord } from "../../../core/kernel.ts";
import {
  defineCommand,
  engineUrl,
  Interruption,
  invalid,
  parsePositive,
  printableJson,
} from "../../../apps/cli/extending.ts";
import type {
  Command,
  CommandContext,
  FlagsOf,
  OptionDefinition,
} from "../../../apps/cli/extending.ts";
import { type EngineDriver, findEngine } from "../../engines/mod.ts";
import type { Pipeline, RunEvent } from "../../runner/mod.ts";
import type { Shard } from "../../../workers/mod.ts";
import {
  chosenSteps,
  loadConfigPart,
  openPipeline,
  PART_OPTIONS,
  PIPELINE_ARGUMENT,
  PIPELINE_OPTIONS,
  runnerOptions,
} from "../open_pipeline.ts";
import { ENGINE_OPTION, MERGED_FILE, openCarrier } from "../open_carrier.ts";
import { printPlan } from "./plan.ts";
import { failOnStrays } from "../fail_on_strays.ts";
import { RunLog } from "../run_log.ts";
import { createRunView, reportRun } from "../run_view.ts";

const OPTIONS = [
  ...PART_OPTIONS,
  { flags: "-n, --dry-run", text: "only show what would run, and why: holdfast pipeline plan" },
  { flags: "--fail-fast", text: "stop at the first failure" },
  {
    flags: "--concurrency <count>",
    text: "maximum steps at once (default: as nodes, cores and memory allow)",
    parse: parsePositive,
  },
  { flags: "--keep", text: "keep the working folders of steps, for debugging" },
  ENGINE_OPTION,
  { flags: "--detach", text: "with an engine: submit the run and exit" },
  {
    flags: "--shard <i/n>",
    text: "share the run with n - 1 other processes, as number i from 0; auto: from the " +
      "scheduler. One of them executes each step; a step with shards is split among them",
  },
  {
    flags: "--array <id>",
    text: "with --shard: an id that only these processes share (default: the scheduler's id of " +
      "the array, or HOLDFAST_ARRAY)",
  },
  ...PIPELINE_OPTIONS,
] as const satisfies readonly OptionDefinition[];

type RunFlags = FlagsOf<typeof OPTIONS>;

export const run: Command = defineCommand({
  name: "pipeline run",
  summary: "Run the changed steps of a pipeline, in the order of their dependencies.",
  details:
    "If a step fails, the steps that do not depend on it still run, and the exit code is 1. " +
    "After a failure, Ctrl-C or a crash, run it again: finished, unchanged steps are skipped. " +
    "Ctrl-C ends all processes of running steps. With --json each event is a line, and the " +
    "result is the last line.",
  args: [PIPELINE_ARGUMENT],
  options: OPTIONS,
  examples: [
    ["holdfast pipeline run", "the pipeline of this folder"],
    ["holdfast pipeline run nightly.yaml --set variables.day=2026-03-01", "with another value"],
    ["holdfast pipeline run --operator train --force train", "one step, even if unchanged"],
    ["holdfast pipeline run --engine slurm:", "as Slurm jobs"],
    ["HOLDFAST_ENGINE=$URL holdfast pipeline run --engine --detach", "on the workers of a queue"],
    ["sbatch --array 0-7 --wrap 'holdfast pipeline run --shard auto'", "in eight tasks"],
    ["holdfast pipeline run --json", "one event per line, for programs"],
  ],
  async run([file], flags, context) {
    if (flags.dryRun) return await printPlan(file, flags, context);
    using _strays = failOnStrays(context);
    const opened = await openPipeline(file, flags, context);
    const { pipeline, folder } = opened;
    const steps = await chosenSteps(pipeline, flags);
    const { runPipeline, shareRun, submitRun, takeSecrets } = await import(
      "../../runner/mod.ts"
    );
    const url = flags.engine && engineUrl(flags.engine, context, "--engine");
    const { engines } = opened;
    refuseCombinations(flags, url === undefined ? undefined : findEngine(url, engines));
    const share = await sharedWith(flags, context);
    const registry = await context.open({ write: true });
    const system = takeSecrets(pipeline, context.io.system);
    const withSecrets = { ...context, io: { ...context.io, system } };
    const { operators, force, failFast, concurrency, keep } = flags;
    const carrier = url === undefined
      ? undefined
      : await openCarrier({ url, pipeline, folder, operators, engines }, withSecrets);
    const listener = listen(pipeline, folder, context);
    const options = {
      ...runnerOptions(opened, withSecrets),
      registry,
      steps,
      force,
      failFast,
      concurrency,
      keep,
      logger: context.logger,
      onEvent: listener.onEvent,
      onRun: (_run: string, folder: string) => writeMerged(pipeline, folder),
    };
    try {
      if (carrier !== undefined && flags.detach) {
        const run = await submitRun(pipeline, { ...options, carry: carrier });
        await listener.end();
        const engine = carrier.engine.location.replace(/:$/, "");
        await context.note(
          `Submitted to ${engine}. Check it: holdfast pipeline status ${shellWord(run)}`,
        );
        return await context.result({ run }, run);
      }
      const running = share !== undefined
        ? shareRun(pipeline, { ...options, ...share })
        : runPipeline(pipeline, { ...options, carry: carrier });
      const result = await running.finally(() => listener.end());
      await reportRun(result, context);
      return result.end === "ok" ? 0 : 1;
    } catch (error) {
      if (error instanceof Interruption && listener.run !== undefined) {
        await context.note(`${listener.run} was stopped. Continue it: ${sameCall(file, flags)}`);
      }
      throw error;
    } finally {
      await carrier?.engine[Symbol.asyncDispose]();
    }
  },
});

/** The options that decide what a run does. An option without a value comes last. */
const REPEATED = ["operators", "set", "override", "operator", "node", "engine", "force"] as const;

/** Returns the command of the same run: without `--force`, forced steps left would be skipped. */
function sameCall(file: string | undefined, flags: RunFlags): string {
  const options = REPEATED.flatMap((option) =>
    [flags[option] ?? []].flat().flatMap((value) =>
      value === true ? [`--${option}`] : [`--${option}`, shellWord(value)]
    )
  );
  const path = file === undefined ? [] : [shellWord(file)];
  return ["holdfast pipeline run", ...path, ...options].join(" ");
}

const ACTION = "run the pipeline with these options";

async function sharedWith(
  { shard: given, array }: RunFlags,
  context: CommandContext,
): Promise<{ shard: Shard; array: string } | undefined> {
  if (given === undefined) return undefined;
  const { findShard } = await import("../../../apps/cli/values/find_shard.ts");
  const { shard, from, array: found } = findShard(given, context.io.system);
  const id = array ?? found;
  if (!id) {
    const hint =
      "Pass the same --array ID (or HOLDFAST_ARRAY) to every shard, and a new one for each " +
      "run, such as the job id.";
    throw invalid(ACTION, "--shard needs an id that all shards share", hint);
  }
  await context.note(`shard ${shard.index}/${shard.count} (${from}) of array ${id}`);
  return { shard, array: id };
}

/** Refuses options that exclude each other. */
function refuseCombinations(flags: RunFlags, driver: EngineDriver | undefined): void {
  const { shard, array, engine, failFast, detach, keep, concurrency } = flags;
  const isShared = shard !== undefined;
  const isHere = engine === undefined;
  const rules: [isWrong: boolean | undefined, state: string, hint: string][] = [
    [array !== undefined && !isShared, "--array needs --shard", "Add --shard 0/4."],
    [isShared && !isHere, "--shard cannot be used with --engine", "Omit one of them."],
    [
      isShared && failFast,
      "--fail-fast would end only this process",
      "Omit it, or cancel the run.",
    ],
    [detach && isHere, "--detach needs an engine", "Add --engine redis://127.0.0.1:6379"],
    [
      !isHere && (keep || concurrency !== undefined),
      `${keep ? "--keep" : "--concurrency"} cannot be used with --engine`,
      "Limit concurrent steps with a node's runner_count, or with --concurrency of each worker.",
    ],
    [
      detach && driver?.endsWithProcess,
      "steps of this engine end with this command",
      "Omit --detach, or use queue workers or Slurm.",
    ],
  ];
  for (const [isWrong, state, hint] of rules) if (isWrong) throw invalid(ACTION, state, hint);
}

/** Passes events to the view, the configured log, and with `--json` to standard output. */
function listen(
  pipeline: Pipeline,
  folder: string,
  context: CommandContext,
): { run?: string; onEvent(event: RunEvent): void; end(): Promise<void> } {
  const { io: { stdout, system }, shared: { json, verbose } } = context;
  const view = json ? undefined : createRunView(pipeline, context);
  const log = new RunLog(pipeline.log, { folder, system, verbose });
  let written: Promise<void> = Promise.resolve();
  const listener = {
    run: undefined as string | undefined,
    onEvent(event: RunEvent) {
      if (event.type === "run started") listener.run = event.run;
      if (!log.accept(event)) return;
      view?.onEvent(event);
      if (json) written = stdout.write(`${printableJson(event)}\n`);
    },
    async end() {
      log.close();
      await view?.end();
      await written;
    },
  };
  return listener;
}

/** Writes the merged configuration of a run. Only its owner may read the values in it. */
async function writeMerged(pipeline: Pipeline, folder: string): Promise<void> {
  const { encodePipeline } = await loadConfigPart();
  await mkdir(folder, { recursive: true });
  const path = join(folder, MERGED_FILE);
  await writeFile(path, encodePipeline(pipeline), { mode: 0o600 });
  await chmod(path, 0o600); // of an existing file
}
