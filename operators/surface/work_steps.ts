// Steps of pipelines, as `holdfast worker` takes them from a queue.
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ENGINE_VARIABLE } from "../process/step_variables.ts";
import { findRegistry, notFound, printable, workUntilStopped } from "../../apps/cli/extending.ts";
import type { CommandContext, FlagsOf, OptionDefinition } from "../../apps/cli/extending.ts";
import type { JobQueue, WorkerEvent } from "../../extensions/queues/mod.ts";
import type { QueuedStep, StepCommand } from "../engines/mod.ts";
import { openPipeline, PIPELINE_OPTIONS } from "./open_pipeline.ts";
import type { FoundPipeline } from "./open_pipeline.ts";
import { MERGED_FILE, stepCommands } from "./open_carrier.ts";
import { defineWorking, type WorkerFlags, type Working } from "../../apps/cli/program/extension.ts";

const STEP_OPTIONS = [
  {
    flags: "--pipeline <file>",
    text: "take steps of this pipeline, a file or folder (default: this folder)",
    repeat: true,
    completes: "file",
  },
  ...PIPELINE_OPTIONS,
] as const satisfies readonly OptionDefinition[];

type StepFlags = FlagsOf<typeof STEP_OPTIONS>;

export const workingSteps: Working = defineWorking({
  takes: "steps",
  does: "steps of pipelines",
  details: "jobs are steps of pipelines, which run in other processes. " +
    "A step executes the local configuration, never one from the queue: a run that was planned " +
    "with another is refused, unless its merged configuration is on this machine.",
  examples: [
    ["holdfast worker --queue redis://127.0.0.1:6379", "steps of the pipeline here"],
    ["HOLDFAST_ENGINE=$URL holdfast worker --pipeline nightly.yaml --json", "one event per line"],
  ],
  options: STEP_OPTIONS,
  isDefault: true,
  work: workSteps,
});

async function workSteps(
  url: string,
  flags: StepFlags & WorkerFlags,
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const pipelines: Known[] = [];
  for (const file of flags.pipeline ?? ["."]) {
    pipelines.push({ file, ...await openPipeline(file, flags, context) });
  }
  const registry = await context.open(); // fail now, not at the first step
  const { openQueue } = await import("../../extensions/queues/mod.ts");
  const { createStepHandler } = await import("../engines/mod.ts");
  const { endCancelled } = await import("../runner/carry/end_cancelled.ts");
  const queue: JobQueue = await openQueue(url, { system: io.system });
  const steps = new Map<string, QueuedStep>();
  const inProcesses = createStepHandler(
    (step) => commandFor(step, pipelines, { flags, url }, context),
    {
      onLine(line, { run, step }) {
        if (!context.shared.verbose) return;
        void io.stderr.write(`${printable(`${run} ${step} | ${line}`)}\n`);
      },
    },
  );
  const { system } = io;
  const handler = endCancelled(inProcesses, { registry, system, logger: context.logger });
  const { handBack, concurrency } = flags;
  const options = { handBack, unit: "step", context, lineOf } as const;
  await workUntilStopped(queue, options, async (report) => {
    const taking = await queue.work(async (job, options) => {
      steps.set(job.id, job.data as unknown as QueuedStep);
      await report({ event: "started", ...stepOf(job.data) });
      const end = await handler(job, options);
      await report({ event: "ended", ...stepOf(job.data), ...(end as object) });
      return end;
    }, {
      concurrency,
      onEvent(event) {
        reportQueueEvent(event, { steps, report })
          .catch((error) => context.logger.debug(`cannot report a job: ${error}`));
        if ("id" in event && event.event !== "started") steps.delete(event.id);
      },
    });
    const names = pipelines.map(({ pipeline }) => pipeline.id).join(", ");
    await report({ event: "ready", queue: queue.location, pipelines: names });
    return taking;
  });
}

type Known = FoundPipeline & { file: string };

/** Builds the command of a step, with the merged configuration of its run if that is here. */
async function commandFor(
  { run, step }: QueuedStep,
  pipelines: readonly Known[],
  { flags, url }: { flags: StepFlags; url: string },
  context: CommandContext,
): Promise<StepCommand> {
  const { io } = context;
  const known = pipelines.find(({ pipeline }) => run.startsWith(`${pipeline.id}@`));
  if (known === undefined) {
    const hint = "Add --pipeline FILE, or use a separate queue for its workers: ?queue=NAME";
    throw notFound(`execute a step of ${run}`, "this worker does not have the pipeline", hint);
  }
  const { runFolder } = await import("../runner/run_context.ts");
  const merged = join(runFolder(known.pipeline, { run, root: known.folder }), MERGED_FILE);
  const hasMerged = await stat(merged).then(() => true, () => false);
  const values = [
    ...(flags.set ?? []).flatMap((value) => ["--set", value]),
    ...(flags.override ?? []).flatMap((file) => ["--override", file]),
  ];
  return {
    ...stepCommands({ run, step }, {
      ...(hasMerged
        ? { file: merged, root: known.folder }
        : { file: resolve(io.cwd, known.file), more: values }),
      shared: context.shared,
      ...(flags.operators === undefined ? {} : { operators: resolve(io.cwd, flags.operators) }),
    }),
    cwd: io.cwd,
    env: {
      HOLDFAST_REGISTRY: findRegistry(context.shared.registry, io).location,
      [ENGINE_VARIABLE]: url,
    },
  };
}

type StepEvent = Record<string, unknown> & { event: string };

interface QueueEventOptions {
  steps: ReadonlyMap<string, QueuedStep>;
  report(event: StepEvent): Promise<void>;
}

/** Reports an event of the queue. Starts and ends of steps are reported above, in more detail. */
async function reportQueueEvent(
  event: WorkerEvent,
  { steps, report }: QueueEventOptions,
): Promise<void> {
  if (event.event === "started" || event.event === "done") return;
  if (event.event === "trouble" || event.event === "taken over") return await report({ ...event });
  const { id, ...rest } = event;
  await report({ ...rest, ...(steps.has(id) ? stepOf(steps.get(id)) : { id }) });
}

function lineOf({ event, run, step, ...more }: StepEvent): string {
  const { queue, pipelines, reason, exitCode, id, group, again } = more;
  if (event === "ready") return `taking steps of ${pipelines} from ${queue}; Ctrl-C stops`;
  const name = step === undefined ? `${group ?? ""} ${id ?? ""}`.trim() : `${run} ${step}`;
  const why = reason === undefined ? "" : `: ${reason}${again ? "; retrying" : ""}`;
  if (event !== "ended") return `${name} ${event}${why}`;
  return exitCode === 0
    ? `${name} succeeded`
    : `${name} ended with ${exitCode ?? "a signal"}: ${reason}`;
}

/** Reads the step of a job. The data is untrusted: anyone with access to the queue wrote it. */
function stepOf(data: unknown): { run?: string; step?: string } {
  const { run, step, shard } = (data ?? {}) as Partial<QueuedStep>;
  if (typeof run !== "string" || typeof step !== "string") return {};
  return { run, step: shard ? `${step} ${Number(shard.index)}/${Number(shard.count)}` : step };
}
