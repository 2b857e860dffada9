// `holdfast jobs`: the jobs of a queue.
import {
  defineCommand,
  engineUrl,
  factsText,
  formatCount,
  formatTime,
  invalid,
  notFound,
  parseCount,
  printable,
  printTable,
  QUEUE_OPTION,
  refuseMemory,
} from "../../../apps/cli/extending.ts";
import type { Column, Command, CommandContext, Fact } from "../../../apps/cli/extending.ts";
import { conflict, itemAt } from "../../../core/kernel.ts";
import { type JobQueue, type JobState, openQueue, type QueuedJob } from "../mod.ts";

async function withQueue<T>(
  name: string | undefined,
  context: CommandContext,
  use: (queue: JobQueue) => Promise<T>,
): Promise<T> {
  const url = engineUrl(name, context, "--queue");
  refuseMemory(url);
  const queue = await openQueue(url, { system: context.io.system });
  try {
    return await use(queue);
  } finally {
    await queue[Symbol.asyncDispose]();
  }
}

async function findJob(
  queue: JobQueue,
  id: string,
  { io: { signal } }: CommandContext,
): Promise<QueuedJob> {
  const job = await queue.get(id, { signal });
  if (job !== undefined) return job;
  throw notFound(
    `find job ${JSON.stringify(id)}`,
    `no such job in the queue at ${queue.location}`,
    id.includes("…")
      ? "This id was shortened to fit the terminal. Full ids: holdfast jobs ls --quiet"
      : "See what exists: holdfast jobs ls. Ended jobs are removed after a week.",
  );
}

function remarkOf({ state, reason, progress = "" }: QueuedJob): string {
  if (reason !== undefined || state === "failed" || state === "cancelled") {
    return (reason ?? "").replace(/\n.*/s, "");
  }
  return typeof progress === "object" ? JSON.stringify(progress) : String(progress);
}

const DEFAULT_LIMIT = 100;
const STATES: readonly JobState[] = [
  ...["waiting", "delayed", "running"] as const,
  ...["done", "failed", "cancelled"] as const,
];

const COLUMNS: readonly (Column | string)[] = [
  { title: "JOB", shrinks: true },
  "STATE",
  { title: "OF", shrinks: true },
  { title: "TRIES", align: "right" },
  "WHEN",
  { title: "WHAT", shrinks: true },
];

export const ls: Command = defineCommand({
  name: "jobs ls",
  summary: "List the jobs of a queue.",
  details:
    "Column OF is the task, or the run of a pipeline. Failed jobs stay for a week, or until " +
    "you retry them: list them with --state failed.",
  args: [],
  options: [
    QUEUE_OPTION,
    { flags: "--state <state>", text: "only jobs in this state", choices: STATES },
    { flags: "--group <name>", text: "only jobs of this task or run" },
    {
      flags: "--limit <count>",
      text: `at most this many (default: ${DEFAULT_LIMIT})`,
      parse: parseCount,
    },
    { flags: "--after <job>", text: "start after this job" },
  ],
  examples: [
    ["holdfast jobs ls --queue redis://127.0.0.1:6379", "list all jobs"],
    ["holdfast jobs ls --state failed --json", "failed jobs and their reasons"],
  ],
  async run(_args, { queue: url, state, group, limit = DEFAULT_LIMIT, after }, context) {
    const { io: { signal }, shared: { quiet } } = context;
    const filter = { state, group, limit, after, signal };
    const jobs = await withQueue(url, context, (queue) => queue.list(filter));
    const rows = jobs.map((job) => {
      const tries = `${job.attemptsMade}/${job.attempts}`;
      const when = formatTime(job.endedAt ?? job.startedAt ?? job.addedAt);
      const more = [job.state, job.group, tries, when, remarkOf(job)];
      return { json: job, cells: quiet ? [job.id] : [job.id, ...more] };
    });
    const count = await printTable(context, quiet ? undefined : COLUMNS, rows);
    if (count === 0) await context.note("No jobs match");
    else if (count === limit) {
      await context.note(`There may be more: --after ${itemAt(jobs, -1).id}`);
    }
  },
});

export const show: Command = defineCommand({
  name: "jobs show",
  summary: "Show a job: its state, progress, result or failure.",
  details:
    "--follow prints a line at each change until the job ends, and exits with 1 if it failed " +
    "or was cancelled.",
  args: [{ usage: "<job>", text: "its id, from holdfast jobs ls" }],
  options: [QUEUE_OPTION, { flags: "-f, --follow", text: "wait until the job ends" }],
  examples: [
    ["holdfast jobs show upload-7 --queue redis://127.0.0.1:6379", "everything about a job"],
    ["holdfast jobs show upload-7 --follow --json", "one line at each change"],
  ],
  async run([id], { queue: url, follow }, context) {
    const { signal } = context.io;
    return await withQueue(url, context, async (queue) => {
      let job = await findJob(queue, id, context);
      if (!follow) return await context.result(job, factsText(factsOf(job), context));
      for await (const event of queue.watch(id, { signal })) {
        job = event.job;
        const remark = remarkOf(job);
        await context.result(job, printable(`${job.state}${remark === "" ? "" : `: ${remark}`}`));
      }
      return job.state === "done" ? 0 : 1;
    });
  },
});

function factsOf(job: QueuedJob): Fact[] {
  const { id, state, group, kind, addedAt, startedAt, endedAt, progress, result, reason } = job;
  const { attempts, attemptsMade, takenOver = 0 } = job; // a takeover uses no attempt
  const again = takenOver === 1 ? "once" : `${takenOver} times`;
  const taken = takenOver === 0 ? "" : `, taken over from a lost worker ${again}`;
  return [
    ["job", id],
    ["state", state],
    ["of", group],
    ["kind", kind],
    ["tries", `${attemptsMade} of ${attempts}${taken}`],
    ["added", formatTime(addedAt)],
    ["begun", startedAt && formatTime(startedAt)],
    ["ended", endedAt && formatTime(endedAt)],
    ["progress", JSON.stringify(progress)],
    ["result", JSON.stringify(result)],
    ["reason", reason],
    ["data", JSON.stringify(job.data)],
  ];
}

export const retry: Command = defineCommand({
  name: "jobs retry",
  summary: "Put failed or cancelled jobs back in the queue.",
  details: "They run again with all their attempts. Prints the ids of the jobs that wait now.",
  args: [{ usage: "[jobs...]", text: "their ids" }],
  options: [
    QUEUE_OPTION,
    { flags: "--all-failed", text: "retry all failed jobs" },
    { flags: "--group <name>", text: "with --all-failed: only jobs of this task or run" },
  ],
  examples: [
    ["holdfast jobs retry upload-7 --queue redis://127.0.0.1:6379", "retry one job"],
    ["holdfast jobs retry --all-failed --group finalize", "retry the failed jobs of a task"],
  ],
  async run([given], { queue: url, allFailed = false, group }, context) {
    const { signal } = context.io;
    if ((given.length > 0) === allFailed || (group !== undefined && !allFailed)) {
      const hint = "Add --group NAME to --all-failed for the jobs of one task.";
      throw invalid("retry jobs", "pass job ids or --all-failed, not both", hint);
    }
    const failed: string[] = [];
    await withQueue(url, context, async (queue) => {
      const ids = allFailed
        ? (await queue.list({ state: "failed", group, signal })).map(({ id }) => id)
        : given;
      async function* waiting() {
        for (const id of ids) {
          if (await queue.retry(id, { signal })) {
            yield { json: { id, state: "waiting" }, cells: [id] };
          } else failed.push(id);
        }
      }
      const count = await printTable(context, undefined, waiting());
      if (!context.shared.json) await context.note(`Retrying ${formatCount(count, "job")}`);
    });
    if (failed.length === 0 || allFailed) return; // others may retry them at the same time
    const hint = "See what exists: holdfast jobs ls --state failed";
    throw notFound(`retry ${failed.join(", ")}`, "no such failed or cancelled job", hint);
  },
});

export const cancel: Command = defineCommand({
  name: "jobs cancel",
  summary: "Cancel jobs: waiting jobs never start, running jobs are asked to stop.",
  details: "A running job is notified within about a second. Prints the new state of each job.",
  args: [{ usage: "<jobs...>", text: "their ids" }],
  options: [QUEUE_OPTION, { flags: "--reason <text>", text: "the reason to record" }],
  examples: [
    ["holdfast jobs cancel upload-7 --queue redis://127.0.0.1:6379", "cancel one job"],
    ['holdfast jobs cancel a b c --reason "wrong file"', "cancel three, with a reason"],
  ],
  async run([ids], { queue: url, reason }, context) {
    const { signal } = context.io;
    const ended: string[] = [];
    await withQueue(url, context, async (queue) => {
      for (const id of ids) await findJob(queue, id, context); // all exist, or none is cancelled
      async function* cancelled() {
        for (const id of ids) {
          await queue.cancel(id, { signal, reason });
          const { state } = await findJob(queue, id, context);
          if (state === "done" || state === "failed") ended.push(`${id} ${state}`);
          yield { json: { id, state }, cells: [id, state] };
        }
      }
      await printTable(context, undefined, cancelled());
    });
    if (ended.length === 0) return;
    throw conflict("cancel all jobs", undefined, `some had already ended: ${ended.join(", ")}`, {
      hint: "The other jobs are cancelled.",
    });
  },
});
