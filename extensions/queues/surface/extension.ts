// Jobs: the commands that list, retry and cancel those of a queue, and the routes of a service.
import { SERVED_QUEUE_OPTION, servedQueueUrl } from "../../../apps/cli/extending.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";
import { loadPart } from "../../../core/kernel.ts";
import type { JobQueue } from "../mod.ts";

interface JobsPart {
  createJobsGateway(queue: JobQueue): Gateway;
}

export const jobsExtension: Extension = {
  name: "jobs",
  suggestions: {
    reading: ["jobs ls", "jobs show"],
    commands: [["jobs ls", "job, queue, tasks"], ["jobs retry <jobs...>", "retry"]],
  },
  words: [[/^(?:wandb|celery|rq|prefect) (agent|worker)\b/i, "worker --queue <url>"]],
  commands: [{
    group: "services",
    load: {
      "jobs ls": async () => (await import("./commands.ts")).ls,
      "jobs show": async () => (await import("./commands.ts")).show,
      "jobs retry": async () => (await import("./commands.ts")).retry,
      "jobs cancel": async () => (await import("./commands.ts")).cancel,
    },
  }],
  serving: defineServing({
    options: [SERVED_QUEUE_OPTION],
    routes: { jobs: "--queue URL" },
    exploring: [{ flags: "--queue <url>", text: "also show the jobs of this queue" }],
    async *open({ queue: given }, context) {
      const url = servedQueueUrl(given, context);
      if (url === undefined) return;
      const { openQueue } = await import("../mod.ts");
      const { createJobsGateway } = await loadPart<JobsPart>("./jobs.ts", import.meta.url);
      const queue = await openQueue(url, { system: context.io.system });
      yield {
        gateways: [createJobsGateway(queue)],
        [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
      };
    },
  }),
};
