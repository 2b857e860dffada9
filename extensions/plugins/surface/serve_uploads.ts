// Uploads to a service that become jobs of a task: `holdfast serve --upload-task`.
import { type CommandContext, invalid, servedQueueUrl } from "../../../apps/cli/extending.ts";
import type { ServedPart } from "../../../apps/cli/program/extension.ts";
import { openQueue } from "../../queues/mod.ts";
import { taskJob } from "../mod.ts";

/** Submits a job of a task for each upload. Disposing it closes its queue. */
export async function openUploadTask(
  task: string,
  queueUrl: string | undefined,
  context: CommandContext,
): Promise<ServedPart> {
  const url = servedQueueUrl(queueUrl, context);
  if (url === undefined) {
    const hint = "Add --queue redis://127.0.0.1:6379, or set HOLDFAST_ENGINE.";
    throw invalid(`pass uploads to ${JSON.stringify(task)}`, "no queue is set", hint);
  }
  const queue = await openQueue(url, { system: context.io.system });
  return {
    upload: {
      async schedule(uploaded, { idempotencyKey: id }) {
        await queue.add({ id, ...taskJob({ task, behaviors: [], input: { ...uploaded } }) });
        return id;
      },
    },
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}
