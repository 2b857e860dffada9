// `holdfast jobs retry`
import { fault } from "../../../../core/errors.ts";
import { QUEUE_OPTION, withQueue } from "../../jobs/open_jobs.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { printTable } from "../../terminal/print_table.ts";
import { formatCount } from "../../terminal/units.ts";

export const retry: Command = defineCommand<
  [ids: string[]],
  { queue?: string; allFailed?: boolean; group?: string }
>({
  name: "jobs retry",
  summary: "Let jobs that failed, or were cancelled, wait again.",
  details: "They are what they were, with all their attempts. Prints those that wait now.",
  args: [{ usage: "[jobs...]", text: "their ids" }],
  options: [
    QUEUE_OPTION,
    { flags: "--all-failed", text: "all that failed" },
    { flags: "--group <name>", text: "with --all-failed: only those of this task, or of this run" },
  ],
  examples: [
    ["holdfast jobs retry upload-7 --queue redis://127.0.0.1:6379", "one"],
    ["holdfast jobs retry --all-failed --group finalize", "those of a task"],
  ],
  async run([given], { queue: url, allFailed = false, group }, context) {
    const { signal } = context.io;
    if ((given.length > 0) === allFailed || (group !== undefined && !allFailed)) {
      throw fault({
        code: "Invalid",
        action: "retry jobs",
        state: "which ones is not said, or twice",
        hint: "Give their ids, or --all-failed, with --group NAME for those of one task.",
      });
    }
    const left: string[] = [];
    await withQueue(url, context, async (queue) => {
      const ids = allFailed
        ? (await queue.list({ state: "failed", group, signal })).map(({ id }) => id)
        : given;
      async function* waiting() {
        for (const id of ids) {
          if (await queue.retry(id, { signal })) {
            yield { json: { id, state: "waiting" }, cells: [id] };
          } else left.push(id);
        }
      }
      const count = await printTable(context, undefined, waiting());
      if (!context.shared.json) {
        await context.note(`${formatCount(count, "job")} ${count === 1 ? "waits" : "wait"} again`);
      }
    });
    if (left.length === 0 || allFailed) return; // somebody else was faster
    throw fault({
      code: "NotFound",
      action: "retry",
      subject: left.join(", "),
      state: "no such job has failed, or was cancelled",
      hint: "See what there is: holdfast jobs ls --state failed",
    });
  },
});
