// A worker for tasks of the user's own code.
import { type CommandContext, loadSet, workUntilStopped } from "../../../apps/cli/extending.ts";
import { eitherSignal, watchStrays } from "../../../core/kernel.ts";
import { openQueue, type WorkerEvent } from "../../queues/mod.ts";
import { type CallRunner, workTasks } from "../mod.ts";
import {
  defineWorking,
  type WorkerFlags,
  type Working,
} from "../../../apps/cli/program/extension.ts";

export const workingTasks: Working = defineWorking({
  takes: "tasks",
  details: "With --tasks, jobs are tasks that programs submitted, and run in this process; the " +
    "module defines the same tasks.",
  examples: [
    ["holdfast worker --tasks ./tasks.ts --queue redis://127.0.0.1:6379", "tasks of programs"],
  ],
  options: [{
    flags: "--tasks <file>",
    text: "take tasks of this module, which has `export const plugins`",
    completes: "file",
  }],
  async work(url, { tasks, ...flags }, context) {
    if (tasks !== undefined) await takeTasks(url, { tasks, ...flags }, context);
  },
});

async function takeTasks(
  url: string,
  { tasks, concurrency, handBack }: WorkerFlags & { tasks: string },
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const plugins = await loadTasks(tasks, io);
  const queue = await openQueue(url, { system: io.system });
  try {
    const options = { handBack, unit: "job", context, lineOf } as const;
    await workUntilStopped(queue, options, async (report) => {
      const onEvent = (event: WorkerEvent) =>
        void report({ ...event }).catch((error) =>
          context.logger.debug(`cannot report a job: ${error}`)
        );
      const taking = await workTasks(watched(plugins), queue, { concurrency, onEvent });
      await report({ event: "ready", queue: queue.location, tasks });
      return taking;
    });
  } finally {
    await plugins[Symbol.asyncDispose]?.();
  }
}

/** Fails a task whose failure nothing awaits, and no other. */
function watched(plugins: CallRunner): CallRunner {
  return {
    async runCall(call, options = {}) {
      const stray = Promise.withResolvers<never>();
      const stop = new AbortController();
      const signal = eitherSignal(stop.signal, options.signal);
      const run = () => plugins.runCall(call, { ...options, signal });
      const work = watchStrays(options.jobId ?? "task", run, (error) => {
        stop.abort(error);
        stray.reject(error);
      });
      return await Promise.race([work, stray.promise]);
    },
  };
}

function lineOf(
  { event, id, group, reason, queue, tasks, again }: Readonly<Record<string, unknown>>,
): string {
  if (event === "ready") return `taking tasks of ${tasks} from ${queue}; Ctrl-C stops`;
  const end = reason === undefined ? "" : `: ${reason}${again ? "; retrying" : ""}`;
  return `${group === undefined ? "" : `${group} `}${id} ${event}${end}`;
}

type TaskPlugins = CallRunner & AsyncDisposable;

/** Imports a module and returns its export `plugins`; see {@linkcode loadSet}. */
async function loadTasks(file: string, { cwd }: { cwd: string }): Promise<TaskPlugins> {
  return await loadSet(file, {
    cwd,
    what: "tasks",
    name: "plugins",
    missing: "Write one with: export const plugins = createPlugins(), then plugins.defineTask(…).",
    isSet: (value) => typeof (value as Partial<TaskPlugins> | undefined)?.runCall === "function",
    maker: ["createPlugins", "plugins"],
  });
}
