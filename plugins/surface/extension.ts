// Tasks of programs: workers that do them.
import type { Extension } from "../../apps/cli/program/extension.ts";

export const tasksExtension: Extension = {
  name: "tasks",
  commands: [{
    group: "pipelines",
    load: {
      worker: async (all) => (await import("../../apps/cli/commands/worker.ts")).createWorker(all),
    },
  }],
  working: async () => (await import("./take_tasks.ts")).workingTasks,
};
