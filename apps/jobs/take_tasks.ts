// A program that takes tasks from a queue.
import { openQueue } from "../../queues/mod.ts";
import { type WorkerEvent, workTasks } from "../../plugins/jobs.ts";
import { createRepeated } from "../pipelines/repeated.ts";
import type { CommandContext } from "../program/command.ts";
import { aborted } from "../program/stop_on_signals.ts";
import { printable } from "../terminal/table.ts";
import { leaveWorker } from "./leave_worker.ts";
import { loadTasks } from "./load_tasks.ts";

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
  const queue = await openQueue(url, { system: io.system });
  let isReached = true;
  try {
    const troubles = createRepeated();
    const onEvent = (event: WorkerEvent) => {
      if (event.event !== "trouble") troubles.reset();
      const times = event.event === "trouble" ? troubles.count(event.reason) : 1;
      if (times === undefined) return;
      say(event, times, context).catch((error) =>
        context.logger.debug(`cannot tell of a job: ${error}`)
      );
    };
    const taking = await workTasks(plugins, queue, { concurrency, onEvent });
    await say({ event: "ready", queue: queue.location, tasks }, 1, context);
    await aborted(io.signal);
    const jobs = taking.running().length;
    if (jobs > 0) await say({ event: handBack ? "handing back" : "finishing", jobs }, 1, context);
    io.secondStop?.addEventListener(
      "abort",
      () => void taking.close({ handBack: true }).catch(() => {}),
    );
    isReached = await leaveWorker(taking.close({ handBack }), taking.running, io.system);
    if (!isReached) {
      await say(
        { event: "trouble", reason: "the queue does not answer, and is left as it is" },
        1,
        context,
      );
    }
  } finally {
    const closing = Promise.resolve(queue[Symbol.asyncDispose]());
    if (isReached) await closing;
    else closing.catch(() => {}); // this process ends, and its connections with it
    await plugins[Symbol.asyncDispose]?.();
  }
}

type Said = Partial<Record<"id" | "group" | "reason" | "queue" | "tasks", string>> & {
  event: string;
  jobs?: number;
  again?: boolean;
};

async function say(
  event: Said,
  times: number,
  { io, shared: { json, quiet } }: CommandContext,
): Promise<void> {
  if (json) {
    return await io.stdout.write(`${JSON.stringify(times === 1 ? event : { ...event, times })}\n`);
  }
  if (!quiet) await io.stderr.write(`${printable(lineOf(event, times))}\n`);
}

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
