// `holdfast jobs show`
import type { QueuedJob } from "../../../../queues/mod.ts";
import { findJob, QUEUE_OPTION, remarkOf, withQueue } from "../../jobs/open_jobs.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { printable } from "../../terminal/table.ts";
import { type Fact, factsText } from "../../terminal/facts.ts";
import { formatTime } from "../../terminal/units.ts";

export const show: Command = defineCommand<[id: string], { queue?: string; follow?: boolean }>({
  name: "jobs show",
  summary: "Show what is known of a job: where it is, how far, its result, or why it failed.",
  details:
    "With --follow it is said again whenever something has become of it, until it has ended; the command then " +
    "ends with 1 where the job failed, or was cancelled.",
  args: [{ usage: "<job>", text: "its id, as holdfast jobs ls shows it" }],
  options: [QUEUE_OPTION, {
    flags: "-f, --follow",
    text: "wait for its end, and say what becomes of it",
  }],
  examples: [
    ["holdfast jobs show upload-7 --queue redis://127.0.0.1:6379", "all that is known of it"],
    ["holdfast jobs show upload-7 --follow --json", "one line whenever it has changed"],
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

/** `1 of 3`. A job that was taken over has used no attempt. */
function triesOf({ attempts, attemptsMade, takenOver = 0 }: QueuedJob): string {
  const again = takenOver === 1 ? "once" : `${takenOver} times`;
  return `${attemptsMade} of ${attempts}${
    takenOver === 0 ? "" : `, taken over from a dead worker ${again}`
  }`;
}

function factsOf(job: QueuedJob): Fact[] {
  const { id, state, group, kind, addedAt, startedAt, endedAt, progress, result, reason } = job;
  return [
    ["job", id],
    ["state", state],
    ["of", group],
    ["kind", kind],
    ["tries", triesOf(job)],
    ["added", formatTime(addedAt)],
    ["begun", startedAt && formatTime(startedAt)],
    ["ended", endedAt && formatTime(endedAt)],
    ["progress", JSON.stringify(progress)],
    ["result", JSON.stringify(result)],
    ["reason", reason],
    ["data", JSON.stringify(job.data)],
  ];
}
