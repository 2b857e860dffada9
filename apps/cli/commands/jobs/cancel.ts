// `holdfast jobs cancel`
import { fault } from "../../../../core/errors.ts";
import { findJob, QUEUE_OPTION, withQueue } from "../../jobs/open_jobs.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { printTable } from "../../terminal/print_table.ts";

export const cancel: Command = defineCommand<[ids: string[]], { queue?: string; reason?: string }>({
  name: "jobs cancel",
  summary:
    "End jobs, wherever they are: one that waits is not begun, one that runs is told to end.",
  details:
    "A running job hears of it within a second or so. Prints where each of them is after that was asked for.",
  args: [{ usage: "<jobs...>", text: "their ids" }],
  options: [QUEUE_OPTION, {
    flags: "--reason <text>",
    text: "what they say of themselves from then on",
  }],
  examples: [
    ["holdfast jobs cancel upload-7 --queue redis://127.0.0.1:6379", "one"],
    ['holdfast jobs cancel a b c --reason "wrong file"', "three, with the reason"],
  ],
  async run([ids], { queue: url, reason }, context) {
    const { signal } = context.io;
    const ended: string[] = [];
    await withQueue(url, context, async (queue) => {
      for (const id of ids) await findJob(queue, id, context); // or none is cancelled
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
    throw fault({
      code: "Conflict",
      action: "cancel everything",
      state: `what has ended stays as it is: ${ended.join(", ")}`,
      hint: "Nothing is left to be ended there.",
    });
  },
});
