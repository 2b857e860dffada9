// How a program that takes jobs begins, tells what it does, and ends.
import { fault } from "../../../core/errors.ts";
import type { System } from "../../../mod.ts";
import type { JobQueue } from "../../../queues/mod.ts";
import type { CommandContext } from "../program/command.ts";
import { aborted } from "../program/stop_on_signals.ts";
import { printable } from "../terminal/table.ts";

interface Taking {
  running(): readonly string[];
  close(options?: { handBack?: boolean }): Promise<void>;
}

export interface WorkOptions {
  /** At the first signal what runs is handed to another worker. */
  handBack?: boolean;
  /** The unit of running work in messages. */
  unit: "jobs" | "steps";
  io: CommandContext["io"];
  say(event: { event: string; reason?: string; jobs?: number; steps?: number }): Promise<void>;
}

/** Works from `start` until a signal of the run, waits for what runs, and closes the queue. */
export async function workUntilStopped(
  queue: JobQueue,
  { handBack, unit, io, say }: WorkOptions,
  start: () => Promise<Taking>,
): Promise<void> {
  let isReached = true;
  try {
    const taking = await start();
    await aborted(io.signal);
    const left = taking.running().length;
    if (left > 0) await say({ event: handBack ? "handing back" : "finishing", [unit]: left });
    io.secondStop?.addEventListener(
      "abort",
      () => void taking.close({ handBack: true }).catch(() => {}),
    );
    isReached = await leaveWorker(taking.close({ handBack }), taking.running, io.system);
    const reason = "the queue does not answer, and is left as it is";
    if (!isReached) await say({ event: "trouble", reason });
  } finally {
    const closing = Promise.resolve(queue[Symbol.asyncDispose]());
    if (isReached) await closing;
    else closing.catch(() => {}); // this process ends, and its connections with it
  }
}

/** Prints an event: as JSON, or its line on standard error. */
export async function tellEvent(
  event: Record<string, unknown>,
  line: string,
  { io, shared: { json, quiet } }: CommandContext,
): Promise<void> {
  if (json) return await io.stdout.write(`${JSON.stringify(event)}\n`);
  if (!quiet) await io.stderr.write(`${printable(line)}\n`);
}

/** Counts repeats of a message in a row. Returns the count at 1, 2, 4, 8 …, otherwise undefined. */
export class Repeated {
  #last: string | undefined;
  #times = 0;

  count(reason: string): number | undefined {
    this.#times = reason === this.#last ? this.#times + 1 : 1;
    this.#last = reason;
    return Number.isInteger(Math.log2(this.#times)) ? this.#times : undefined;
  }

  reset(): void {
    this.#last = undefined;
  }
}

/** For so long a queue may not answer, once no step is under way, milliseconds. */
const LEAVE_MS = 10_000;
/** How often it is looked whether a step is under way, milliseconds. */
const LOOK_MS = 500;

/**
 * Waits for the worker to end, but not for a queue that is unreachable: another worker then takes the finished job
 * again and finds it done.
 *
 * @returns false where the queue did not answer
 */
async function leaveWorker(
  closing: Promise<void>,
  running: () => readonly string[],
  system: System,
): Promise<boolean> {
  const over = new AbortController();
  const late = async () => {
    for (let idleMs = 0; idleMs < LEAVE_MS; idleMs = running().length > 0 ? 0 : idleMs + LOOK_MS) {
      await system.sleep(LOOK_MS, over.signal);
    }
    return false;
  };
  try {
    return await Promise.race([closing.then(() => true), late()]);
  } finally {
    over.abort();
  }
}

export function refuseMemory(url: string): void {
  if (!/^memory:/i.test(url)) return;
  throw fault({
    code: "Invalid",
    action: "reach a queue in memory",
    state: "no other process could add any job to it",
    hint: "As in --queue redis://127.0.0.1:6379",
  });
}
