import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { JobQueue, WorkerEvent } from "../../../../queues/mod.ts";
import type { QueuedStep, StepCommand } from "../../../../operators/engines/mod.ts";
import { findRegistry } from "../../places/find_registry.ts";
import { openPipeline, PIPELINE_OPTIONS } from "../../pipelines/open_pipeline.ts";
import type { FoundPipeline } from "../../pipelines/open_pipeline.ts";
import {
  ENGINE_VARIABLE,
  engineUrl,
  MERGED_FILE,
  QUEUE_OPTION,
  stepCommands,
} from "../../pipelines/open_carrier.ts";
import {
  printEvent,
  refuseMemory,
  Repeated,
  workerLine,
  workUntilStopped,
} from "../../jobs/work_until_stopped.ts";
import { defineCommand } from "../../program/command.ts";
import type { Command, CommandContext } from "../../program/command.ts";
import type { FlagsOf, OptionDefinition } from "../../program/command.ts";
import { invalid, notFound } from "../../terminal/hints.ts";
import { printable } from "../../terminal/table.ts";
import { parsePositive } from "../../terminal/units.ts";

const OPTIONS = [
  QUEUE_OPTION,
  {
    flags: "--pipeline <file>",
    text: "take steps of this pipeline, a file or folder (default: this folder)",
    repeat: true,
    completes: "file",
  },
  {
    flags: "--tasks <file>",
    text: "take tasks of this module, which has `export const plugins`",
    completes: "file",
  },
  { flags: "--concurrency <count>", text: "jobs at once (default: 1)", parse: parsePositive },
  { flags: "--hand-back", text: "at the first signal, hand running jobs to another worker" },
  ...PIPELINE_OPTIONS,
] as const satisfies readonly OptionDefinition[];

type WorkerFlags = FlagsOf<typeof OPTIONS>;

export const worker: Command = defineCommand({
  name: "worker",
  summary: "Execute steps of pipelines, or tasks, from a queue until Ctrl-C or SIGTERM.",
  details:
    "With --tasks, jobs are tasks that programs submitted, and run in this process; the module " +
    "defines the same tasks. Otherwise jobs are steps of pipelines, which run in other processes. " +
    "A step executes the local configuration, never one from the queue: a run that was planned " +
    "with another is refused, unless its merged configuration is on this machine.\n\n" +
    "The first signal stops taking jobs and waits for the running ones. The second ends them and " +
    "hands them to another worker. A killed worker is detected within ten seconds, and another " +
    "worker restarts its steps.",
  args: [],
  options: OPTIONS,
  examples: [
    ["holdfast worker --queue redis://127.0.0.1:6379", "steps of the pipeline here"],
    ["holdfast worker --tasks ./tasks.ts --queue redis://127.0.0.1:6379", "tasks of programs"],
    ["HOLDFAST_ENGINE=$URL holdfast worker --pipeline nightly.yaml --json", "one event per line"],
  ],
  async run(_args, flags, context) {
    const { io } = context;
    const url = engineUrl(flags.queue, context, "--queue");
    refuseMemory(url);
    if (flags.tasks !== undefined) {
      refusePipelineFlags(flags);
      const { takeTasks } = await import("../../jobs/take_tasks.ts");
      return await takeTasks(url, { ...flags, tasks: flags.tasks }, context);
    }
    const pipelines: Known[] = [];
    for (const file of flags.pipeline ?? ["."]) {
      pipelines.push({ file, ...await openPipeline(file, flags, context) });
    }
    const registry = await context.open(); // fail now, not at the first step
    const { openQueue } = await import("../../../../queues/mod.ts");
    const { createStepHandler } = await import("../../../../operators/engines/mod.ts");
    const { endCancelled } = await import("../../../../operators/runner/carry/end_cancelled.ts");
    const queue: JobQueue = await openQueue(url, { system: io.system });
    const steps = new Map<string, QueuedStep>();
    const troubles = new Repeated();
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
    const report = (event: StepEvent) => printEvent(event, lineOf(event), context);
    await workUntilStopped(queue, { handBack, unit: "steps", io, report }, async () => {
      const taking = await queue.work(async (job, options) => {
        steps.set(job.id, job.data as unknown as QueuedStep);
        await report({ event: "started", ...stepOf(job.data) });
        const end = await handler(job, options);
        await report({ event: "ended", ...stepOf(job.data), ...(end as object) });
        return end;
      }, {
        concurrency,
        onEvent(event) {
          reportQueueEvent(event, { steps, troubles, report })
            .catch((error) => context.logger.debug(`cannot report a job: ${error}`));
          if ("id" in event && event.event !== "started") steps.delete(event.id);
        },
      });
      const names = pipelines.map(({ pipeline }) => pipeline.id).join(", ");
      await report({ event: "ready", queue: queue.location, pipelines: names });
      return taking;
    });
  },
});

function refusePipelineFlags({ pipeline, operators, set, override }: WorkerFlags): void {
  if ([pipeline, operators, set, override].every((flag) => flag === undefined)) return;
  const hint = "Start two workers, with separate queues: ?queue=NAME";
  throw invalid(
    "take tasks and steps at once",
    "--tasks cannot be used with pipeline options",
    hint,
  );
}

type Known = FoundPipeline & { file: string };

/** Builds the command of a step, with the merged configuration of its run if that is here. */
async function commandFor(
  { run, step }: QueuedStep,
  pipelines: readonly Known[],
  { flags, url }: { flags: WorkerFlags; url: string },
  context: CommandContext,
): Promise<StepCommand> {
  const { io } = context;
  const known = pipelines.find(({ pipeline }) => run.startsWith(`${pipeline.id}@`));
  if (known === undefined) {
    const hint = "Add --pipeline FILE, or use a separate queue for its workers: ?queue=NAME";
    throw notFound(`execute a step of ${run}`, "this worker does not have the pipeline", hint);
  }
  const { runFolder } = await import("../../../../operators/runner/run_context.ts");
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
  troubles: Repeated;
  report(event: StepEvent): Promise<void>;
}

/** Reports an event of the queue. Starts and ends of steps are reported above, in more detail. */
async function reportQueueEvent(
  event: WorkerEvent,
  { steps, troubles, report }: QueueEventOptions,
): Promise<void> {
  if (event.event === "trouble") {
    const times = troubles.count(event.reason); // an unreachable queue is retried many times
    return times === undefined ? undefined : await report({ ...event, times });
  }
  troubles.reset();
  if (event.event === "started" || event.event === "done") return;
  if (event.event === "taken over") return await report(event);
  const { id, ...rest } = event;
  await report({ ...rest, ...(steps.has(id) ? stepOf(steps.get(id)) : { id }) });
}

function lineOf({ event, run, step, ...more }: StepEvent): string {
  const { queue, pipelines, reason, exitCode, id, group, steps, times, again } = more;
  if (event === "ready") return `taking steps of ${pipelines} from ${queue}; Ctrl-C stops`;
  const shared = workerLine(event, { reason, times, left: steps, unit: "step" });
  if (shared !== undefined) return shared;
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
