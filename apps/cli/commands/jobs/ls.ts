// `holdfast jobs ls`
import { lastTime, QUEUE_OPTION, remarkOf, withQueue } from "../../jobs/open_jobs.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import type { JobState } from "../../../../queues/mod.ts";
import { printTable } from "../../terminal/print_table.ts";
import type { Column } from "../../terminal/table.ts";
import { parseCount } from "../../terminal/units.ts";

interface ListFlags {
  queue?: string;
  state?: JobState;
  group?: string;
  limit?: number;
  after?: string;
}

const DEFAULT_LIMIT = 100;
const STATES: readonly JobState[] = [
  "waiting",
  "delayed",
  "running",
  "done",
  "failed",
  "cancelled",
];

const COLUMNS: readonly (Column | string)[] = [
  { title: "JOB", shrinks: true },
  "STATE",
  { title: "OF", shrinks: true },
  { title: "TRIES", align: "right" },
  "WHEN",
  { title: "WHAT", shrinks: true },
];

export const ls: Command = defineCommand<[], ListFlags>({
  name: "jobs ls",
  summary: "List the jobs of a queue.",
  details:
    "Jobs that failed stay where they are until somebody retries them, or a week has gone: --state failed lists " +
    "them. What a job is of is its task, or the run of its pipeline.",
  args: [],
  options: [
    QUEUE_OPTION,
    { flags: "--state <state>", text: "only those that are there", choices: STATES },
    { flags: "--group <name>", text: "only those of this task, or of this run" },
    {
      flags: "--limit <count>",
      text: `at most so many (default: ${DEFAULT_LIMIT})`,
      parse: parseCount,
    },
    { flags: "--after <job>", text: "those that come after this one" },
  ],
  examples: [
    ["holdfast jobs ls --queue redis://127.0.0.1:6379", "what there is"],
    ["holdfast jobs ls --state failed --json", "what failed, and why"],
  ],
  async run(_args, flags, context) {
    const { state, group, limit = DEFAULT_LIMIT, after } = flags;
    const { io: { signal }, shared: { quiet } } = context;
    const jobs = await withQueue(
      flags.queue,
      context,
      (queue) => queue.list({ state, group, limit, after, signal }),
    );
    const rows = jobs.map((job) => ({
      json: job,
      cells: quiet ? [job.id] : [
        job.id,
        job.state,
        job.group,
        `${job.attemptsMade}/${job.attempts}`,
        lastTime(job),
        remarkOf(job),
      ],
    }));
    const count = await printTable(context, quiet ? undefined : COLUMNS, rows);
    if (count === 0) await context.note("There are no such jobs");
    else if (count === limit) await context.note(`There may be more: --after ${jobs.at(-1)!.id}`);
  },
});
