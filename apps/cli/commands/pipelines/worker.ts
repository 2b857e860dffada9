// `holdfast worker`
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fault } from "../../../../core/errors.ts";
import type { JobQueue, WorkerEvent } from "../../../../queues/mod.ts";
import type { QueuedStep, StepCommand } from "../../../../operators/engines/mod.ts";
import { findRegistry } from "../../places/find_registry.ts";
import { openPipeline, PIPELINE_OPTIONS } from "../../pipelines/open_pipeline.ts";
import type { FoundPipeline, PipelineFlags } from "../../pipelines/open_pipeline.ts";
import {
  ENGINE_VARIABLE,
  engineUrl,
  MERGED_FILE,
  stepCommand,
} from "../../pipelines/open_carrier.ts";
import {
  refuseMemory,
  Repeated,
  tellEvent,
  workUntilStopped,
} from "../../jobs/work_until_stopped.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { printable } from "../../terminal/table.ts";
import { parsePositive } from "../../terminal/units.ts";

interface WorkerFlags extends PipelineFlags {
  queue?: string;
  pipeline?: string[];
  tasks?: string;
  concurrency?: number;
  handBack?: boolean;
}

export const worker: Command = defineCommand<[], WorkerFlags>({
  name: "worker",
  summary:
    "Take steps of pipelines, or tasks, from a queue and do them, until Ctrl-C or a TERM signal.",
  details:
    "With --tasks the jobs are tasks that programs submitted: the module has the same tasks defined, and they run in " +
    "this process. Without it they are steps of pipelines, each of which is executed as a process. " +
    "The queue names runs and steps; what is executed says the configuration here. A step whose run was planned with " +
    "another configuration is refused, except where the merged one of the run lies on this machine, beside the run. " +
    "At the first signal no more is taken, and what runs is waited for; at the second what runs is ended, and handed " +
    "to another worker. A worker that dies is noticed within ten seconds, and its steps are begun by another.",
  args: [],
  options: [
    {
      flags: "--queue <url>",
      text:
        `redis://host:6379, postgres://host/database, with ?queue=NAME for a queue of its own; else ${ENGINE_VARIABLE}, which it has to be where it has a password`,
    },
    {
      flags: "--pipeline <file>",
      text: "a pipeline whose steps are taken, a file or folder; this folder where none is given",
      repeat: true,
      completes: "file",
    },
    {
      flags: "--tasks <file>",
      text: "the module with `export const plugins`, whose tasks are taken",
      completes: "file",
    },
    {
      flags: "--concurrency <count>",
      text: "so many jobs at once, 1 unless told otherwise",
      parse: parsePositive,
    },
    {
      flags: "--hand-back",
      text: "at the first signal end what runs, and hand it to another worker",
    },
    ...PIPELINE_OPTIONS,
  ],
  examples: [
    ["holdfast worker --queue redis://127.0.0.1:6379", "steps of the pipeline of this folder"],
    ["holdfast worker --tasks ./tasks.ts --queue redis://127.0.0.1:6379", "tasks of programs"],
    ["HOLDFAST_ENGINE=$URL holdfast worker --pipeline nightly.yaml --json", "one event a line"],
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
    await context.open(); // now rather than with the first step
    const { openQueue } = await import("../../../../queues/mod.ts");
    const { createStepHandler } = await import("../../../../operators/engines/mod.ts");
    const queue: JobQueue = await openQueue(url, { system: io.system });
    const steps = new Map<string, QueuedStep>();
    const troubles = new Repeated();
    const handler = createStepHandler(
      (step) => commandFor(step, pipelines, { flags, url }, context),
      {
        onLine: (line, step) =>
          void (context.shared.verbose &&
            io.stderr.write(printable(`${nameOf(step)} | ${line}`) + "\n")),
      },
    );
    const { handBack, concurrency } = flags;
    const work = {
      handBack,
      unit: "steps" as const,
      io,
      say: (event: Said) => say(event, context),
    };
    await workUntilStopped(queue, work, async () => {
      const taking = await queue.work(async (job, options) => {
        steps.set(job.id, job.data as unknown as QueuedStep);
        await say({ event: "started", ...stepOf(job.data) }, context);
        const end = await handler(job, options);
        await say({ event: "ended", ...stepOf(job.data), ...(end as object) }, context);
        return end;
      }, {
        concurrency,
        onEvent(event) {
          const telling = tell(event, { steps, troubles }, context);
          telling.catch((error) => context.logger.debug(`cannot tell of a job: ${error}`));
          if ("id" in event && event.event !== "started") steps.delete(event.id);
        },
      });
      const names = pipelines.map(({ pipeline }) => pipeline.id).join(", ");
      await say({ event: "ready", queue: queue.location, pipelines: names }, context);
      return taking;
    });
  },
});

function refusePipelineFlags({ pipeline, operators, root, set, override }: WorkerFlags): void {
  if ([pipeline, operators, root, set, override].every((flag) => flag === undefined)) return;
  throw fault({
    code: "Invalid",
    action: "take tasks and steps of pipelines at once",
    state: "--tasks goes without the options of pipelines",
    hint: "Start a worker for each, on queues of their own: ?queue=NAME",
  });
}

type Known = FoundPipeline & { file: string };

/** What is executed for a step: by the merged configuration beside its run where that is here, else by the worker's own. */
async function commandFor(
  { run, step }: QueuedStep,
  pipelines: readonly Known[],
  { flags, url }: { flags: WorkerFlags; url: string },
  context: CommandContext,
): Promise<StepCommand> {
  const { io } = context;
  const known = pipelines.find(({ pipeline }) => run.startsWith(`${pipeline.id}@`));
  if (known === undefined) {
    throw fault({
      code: "NotFound",
      action: "execute a step of",
      subject: run,
      state: "this worker has no such pipeline",
      hint:
        "Start it with --pipeline FILE too, or give its workers a queue of their own: ?queue=NAME",
    });
  }
  const { runFolder } = await import("../../../../operators/runner/mod.ts");
  const merged = join(runFolder(known.pipeline, { run, root: known.folder }), MERGED_FILE);
  const hasMerged = await stat(merged).then(() => true, () => false);
  const values = [
    ...(flags.set ?? []).flatMap((value) => ["--set", value]),
    ...(flags.override ?? []).flatMap((file) => ["--override", file]),
  ];
  return {
    command: stepCommand({ run, step }, {
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

/** Events of the queue; the beginning and the end of a step are told where more is known of them. */
async function tell(
  event: WorkerEvent,
  { steps, troubles }: { steps: ReadonlyMap<string, QueuedStep>; troubles: Repeated },
  context: CommandContext,
): Promise<void> {
  if (event.event === "trouble") {
    const times = troubles.count(event.reason); // a queue that is away is tried again several times a second
    return times === undefined ? undefined : await say({ ...event, times }, context);
  }
  troubles.reset();
  if (event.event === "started" || event.event === "done") return;
  if (event.event === "taken over") return await say(event, context);
  const { id, ...rest } = event;
  await say({ ...rest, ...(steps.has(id) ? stepOf(steps.get(id)) : { id }) }, context);
}

type Said = Record<string, unknown> & { event: string };

async function say(event: Said, context: CommandContext): Promise<void> {
  await tellEvent(event, lineOf(event), context);
}

function lineOf({ event, run, step, ...more }: Said): string {
  const { queue, pipelines, reason, exitCode, id, group, steps, times = 1 } = more;
  if (event === "ready") return `taking steps of ${pipelines} from ${queue}; Ctrl-C stops`;
  if (event === "trouble") {
    return `trouble: ${reason}${times === 1 ? "" : `, ${times} times now; it is tried again`}`;
  }
  if (event === "finishing" || event === "handing back") {
    return `${event} ${steps} step${steps === 1 ? "" : "s"}${
      event === "finishing" ? "; once more hands back" : ""
    }`;
  }
  const name = step === undefined ? `${group ?? ""} ${id ?? ""}`.trim() : `${run} ${step}`;
  if (event !== "ended") return `${name} ${event}${reason === undefined ? "" : `: ${reason}`}`;
  return exitCode === 0
    ? `${name} ended well`
    : `${name} ended with ${exitCode ?? "a signal"}: ${reason}`;
}

/** What a job says of its step; nothing where it says none: whoever may write to the queue wrote it. */
function stepOf(data: unknown): { run?: string; step?: string } {
  const { run, step, shard } = (data ?? {}) as Partial<QueuedStep>;
  if (typeof run !== "string" || typeof step !== "string") return {};
  return { run, step: shard ? `${step} ${Number(shard.index)}/${Number(shard.count)}` : step };
}

function nameOf({ run, step }: QueuedStep): string {
  return `${run} ${step}`;
}
