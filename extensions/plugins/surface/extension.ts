// Tasks of programs and events of registries: workers that do tasks, and services whose uploads are
// tasks, which publish changes to a bus and post them to webhooks.
import { SERVED_QUEUE_OPTION } from "../../../apps/cli/extending.ts";
import { defineServing, type Extension } from "../../../apps/cli/program/extension.ts";

export const pluginsExtension: Extension = {
  name: "plugins",
  commands: [{
    group: "pipelines",
    load: {
      worker: async (all) =>
        (await import("../../../apps/cli/commands/worker.ts")).createWorker(all),
    },
  }],
  serving: defineServing({
    options: [
      SERVED_QUEUE_OPTION,
      { flags: "--upload-task <name>", text: "submit a job of this task for each POST /upload" },
      {
        flags: "--events <url>",
        text: "publish changes to an event bus, such as redis://127.0.0.1:6379",
      },
      { flags: "--webhook <url>", text: "post each change to this URL, signed", repeat: true },
      {
        flags: "--webhook-secret-file <file>",
        text: "the signing secret of webhooks, whsec_…",
        completes: "file",
      },
    ],
    examples: [
      ["holdfast serve --queue redis://127.0.0.1:6379 --upload-task resize", "uploads become jobs"],
    ],
    async *open(flags, context) {
      yield* (await import("./serve_events.ts")).openServedEvents(flags, context);
      const { uploadTask, queue } = flags;
      if (uploadTask === undefined) return;
      const { openUploadTask } = await import("./serve_uploads.ts");
      yield await openUploadTask(uploadTask, queue, context);
    },
  }),
  working: async () => (await import("./take_tasks.ts")).workingTasks,
};
