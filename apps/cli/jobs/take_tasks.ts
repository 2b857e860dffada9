// A program that takes tasks of the user's own code from a queue.
import { loadSet } from "../places/load_module.ts";
import { openQueue, type WorkerEvent } from "../../../queues/mod.ts";
import { type CallRunner, workTasks } from "../../../plugins/jobs.ts";
import type { CommandContext } from "../program/command.ts";
import { Repeated, tellEvent, workUntilStopped } from "./work_until_stopped.ts";

export interface TakeTasksOptions {
  tasks: string;
  /** So many at once. @default 1 */
  concurrency?: number;
  /** At the first signal what runs is handed to another worker. @default false */
  handBack?: boolean;
}

export async function takeTasks(
  url: string,
  options: TakeTasksOptions,
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const { tasks, concurrency, handBack } = options;
  const plugins = await loadTasks(tasks, io);
  const say = (event: Said, times = 1) =>
    tellEvent(times === 1 ? event : { ...event, times }, lineOf(event, times), context);
  const troubles = new Repeated();
  const onEvent = (event: WorkerEvent) => {
    if (event.event !== "trouble") troubles.reset();
    const times = event.event === "trouble" ? troubles.count(event.reason) : 1;
    if (times === undefined) return;
    say(event, times).catch((error) => context.logger.debug(`cannot tell of a job: ${error}`));
  };
  const queue = await openQueue(url, { system: io.system });
  try {
    await workUntilStopped(queue, { handBack, unit: "jobs", io, say }, async () => {
      const taking = await workTasks(plugins, queue, { concurrency, onEvent });
      await say({ event: "ready", queue: queue.location, tasks });
      return taking;
    });
  } finally {
    await plugins[Symbol.asyncDispose]?.();
  }
}

type Said = Partial<Record<"id" | "group" | "reason" | "queue" | "tasks", string>> & {
  event: string;
  jobs?: number;
  again?: boolean;
};

function lineOf(
  { event, id, group, reason, queue, tasks, jobs, again }: Said,
  times: number,
): string {
  if (event === "ready") return `taking tasks of ${tasks} from ${queue}; Ctrl-C stops`;
  if (event === "trouble") {
    return `trouble: ${reason}${times === 1 ? "" : `, ${times} times now; it is tried again`}`;
  }
  if (jobs !== undefined) {
    return `${event} ${jobs} job${jobs === 1 ? "" : "s"}${
      event === "finishing" ? "; once more hands back" : ""
    }`;
  }
  const end = reason === undefined ? "" : `: ${reason}${again ? "; it is tried again" : ""}`;
  return `${group === undefined ? "" : `${group} `}${id} ${event}${end}`;
}

export type TaskPlugins = CallRunner & AsyncDisposable;

/**
 * Imports a module that whoever runs the command names, and gives the set that it exports as `plugins`.
 *
 * @throws {RegistryError} as {@linkcode loadModule}; `Invalid` where it exports no set
 */
export async function loadTasks(file: string, { cwd }: { cwd: string }): Promise<TaskPlugins> {
  const missing =
    "Write one that has: export const plugins = createPlugins(), with plugins.defineTask(…) after it.";
  return await loadSet(file, {
    cwd,
    what: "tasks",
    name: "plugins",
    missing,
    isSet: (value) => typeof (value as Partial<TaskPlugins> | undefined)?.runCall === "function",
    maker: ["createPlugins", "plugins"],
  });
}
