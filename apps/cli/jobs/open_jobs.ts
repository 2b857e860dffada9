// What commands about jobs share.
import { fault } from "../../../core/errors.ts";
import { type JobQueue, openQueue, type QueuedJob } from "../../../queues/mod.ts";
import { ENGINE_VARIABLE, engineUrl } from "../pipelines/open_carrier.ts";
import type { CommandContext, OptionDefinition } from "../program/command.ts";
import { formatTime } from "../terminal/units.ts";
import { refuseMemory } from "./work_until_stopped.ts";

/** The option that names a queue. */
export const QUEUE_OPTION: OptionDefinition = {
  flags: "--queue <url>",
  text:
    `redis://host:6379, postgres://host/database, with ?queue=NAME for one of its own; else ${ENGINE_VARIABLE}, which it has to be where it has a password`,
};

/** Opens the queue that a command is about, uses it, and closes it. */
export async function withQueue<T>(
  given: string | undefined,
  context: CommandContext,
  use: (queue: JobQueue) => Promise<T>,
): Promise<T> {
  const url = engineUrl(given, context, "--queue");
  refuseMemory(url);
  const queue = await openQueue(url, { system: context.io.system });
  try {
    return await use(queue);
  } finally {
    await queue[Symbol.asyncDispose]();
  }
}

/** A job that the queue knows; `NotFound` where it does not. */
export async function findJob(
  queue: JobQueue,
  id: string,
  { io: { signal } }: CommandContext,
): Promise<QueuedJob> {
  const job = await queue.get(id, { signal });
  if (job !== undefined) return job;
  throw fault({
    code: "NotFound",
    action: "find job",
    subject: JSON.stringify(id),
    state: `the queue at ${queue.location} does not know it`,
    hint: id.includes("…")
      ? "That id was cut to fit the terminal. Whole ones: holdfast jobs ls --quiet"
      : "See what it knows: holdfast jobs ls. Jobs that ended are forgotten after a week.",
  });
}

/** One line of what is to be known of a job: why it failed, or cannot be read, or how far it is. */
export function remarkOf({ state, reason, progress }: QueuedJob): string {
  if (reason !== undefined || state === "failed" || state === "cancelled") {
    return (reason ?? "").split("\n")[0];
  }
  return progress === undefined
    ? ""
    : typeof progress === "object"
    ? JSON.stringify(progress)
    : String(progress);
}

export function lastTime({ addedAt, startedAt, endedAt }: QueuedJob): string {
  return formatTime(endedAt ?? startedAt ?? addedAt);
}
