// The life of a worker: it takes jobs, reports events, and ends on a signal.
import { messageOf } from "../../../core/errors.ts";
import { listenForStrays } from "../../../core/work/stray_failures.ts";
import type { CommandContext } from "../program/command.ts";
import { aborted } from "../program/run_process.ts";
import { printable, printableJson } from "../terminal/table.ts";

/** @internal */
interface Taking {
  running(): readonly string[];
  close(options?: { handBack?: boolean }): Promise<void>;
}

/** @internal */
interface WorkOptions {
  /** Hand running work to another worker at the first signal. */
  handBack?: boolean;
  /** The unit of running work in messages. */
  unit: "jobs" | "steps";
  io: CommandContext["io"];
  report(event: { event: string; reason?: string; jobs?: number; steps?: number }): Promise<void>;
}

/** Works until a signal of the run, waits for running work, and closes the queue. */
export async function workUntilStopped(
  queue: AsyncDisposable,
  { handBack, unit, io, report }: WorkOptions,
  start: () => Promise<Taking>,
): Promise<void> {
  const trouble = (error: unknown) => {
    const reason = `nothing awaits a failure: ${messageOf(error)}`;
    report({ event: "trouble", reason }).catch(() => {});
  };
  const ignoreStrays = listenForStrays({ onLate: trouble, onUnknown: trouble });
  try {
    const taking = await start();
    await aborted(io.signal);
    const running = taking.running().length;
    if (running > 0) {
      await report({ event: handBack ? "handing back" : "finishing", [unit]: running });
    }
    io.secondStop?.addEventListener(
      "abort",
      () => void taking.close({ handBack: true }).catch(() => {}),
    );
    await taking.close({ handBack });
  } finally {
    await queue[Symbol.asyncDispose]();
    ignoreStrays();
  }
}

/** Prints an event of a worker: JSON on standard output with `--json`, else a line on standard error. */
export async function printEvent(
  event: Record<string, unknown>,
  line: string,
  { io, shared: { json, quiet } }: CommandContext,
): Promise<void> {
  if (json) return await io.stdout.write(`${printableJson(event)}\n`);
  if (!quiet) await io.stderr.write(`${printable(line)}\n`);
}

/** Formats the events that workers of steps and of tasks share; undefined for others. */
export function workerLine(
  event: string,
  { reason, times, left, unit }: Record<"reason" | "times" | "left", unknown> & { unit: string },
): string | undefined {
  if (event === "trouble") {
    return `trouble: ${reason}${(times ?? 1) === 1 ? "" : `, ${times} times; retrying`}`;
  }
  if (event !== "finishing" && event !== "handing back") return undefined;
  const more = event === "finishing" ? "; press Ctrl-C again to hand back" : "";
  return `${event} ${left} ${unit}${left === 1 ? "" : "s"}${more}`;
}

/** Counts troubles that repeat in a row, of which only the 1st, 2nd, 4th, 8th … are reported. */
export class Repeated {
  #last: string | undefined;
  #times = 0;

  /** Returns an event as it is reported, a trouble with its `times`; undefined if it is not. */
  reported<E extends { event: string; reason?: string }>(
    event: E,
  ): E & { times?: number } | undefined {
    if (event.event !== "trouble") {
      this.#last = undefined;
      return event;
    }
    this.#times = event.reason === this.#last ? this.#times + 1 : 1;
    this.#last = event.reason;
    return Number.isInteger(Math.log2(this.#times)) ? { ...event, times: this.#times } : undefined;
  }
}
