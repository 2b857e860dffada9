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
  unit: "job" | "step";
  context: CommandContext;
  /** Formats an event that not all workers have. */
  lineOf(event: WorkerReport): string;
}

/** @internal */
interface WorkerReport {
  readonly event: string;
  readonly [member: string]: unknown;
}

/**
 * Works until a signal of the run, waits for running work, and closes the queue. `start` gets a
 * function that prints an event: as JSON on standard output with `--json`, else as a line on
 * standard error.
 */
export async function workUntilStopped(
  queue: AsyncDisposable,
  { handBack, unit, context, lineOf }: WorkOptions,
  start: (report: (event: WorkerReport) => Promise<void>) => Promise<Taking>,
): Promise<void> {
  const { io, shared: { json, quiet } } = context;
  const troubles = new Repeated();
  const report = async (event: WorkerReport) => {
    const reported = troubles.reported(event);
    if (reported === undefined) return;
    if (json) return await io.stdout.write(`${printableJson(reported)}\n`);
    const line = workerLine(reported, unit) ?? lineOf(reported);
    if (!quiet) await io.stderr.write(`${printable(line)}\n`);
  };
  const trouble = (error: unknown) => {
    const reason = `nothing awaits a failure: ${messageOf(error)}`;
    report({ event: "trouble", reason }).catch(() => {});
  };
  const ignoreStrays = listenForStrays({ onLate: trouble, onUnknown: trouble });
  try {
    const taking = await start(report);
    await aborted(io.signal);
    const running = taking.running().length;
    if (running > 0) {
      await report({ event: handBack ? "handing back" : "finishing", [`${unit}s`]: running });
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

/** Formats the events that all workers have; undefined for others. */
export function workerLine(report: WorkerReport, unit: string): string | undefined {
  const { event, reason, times = 1 } = report;
  if (event === "trouble") {
    return `trouble: ${reason}${times === 1 ? "" : `, ${times} times; retrying`}`;
  }
  if (event !== "finishing" && event !== "handing back") return undefined;
  const left = report[`${unit}s`];
  const more = event === "finishing" ? "; press Ctrl-C again to hand back" : "";
  return `${event} ${left} ${unit}${left === 1 ? "" : "s"}${more}`;
}

/** Counts troubles that repeat in a row, of which only the 1st, 2nd, 4th, 8th … are reported. */
export class Repeated {
  #last: unknown;
  #times = 0;

  /** Returns an event as it is reported, a trouble with its `times`; undefined if it is not. */
  reported(event: WorkerReport): WorkerReport | undefined {
    if (event.event !== "trouble") {
      this.#last = undefined;
      return event;
    }
    this.#times = event.reason === this.#last ? this.#times + 1 : 1;
    this.#last = event.reason;
    return Number.isInteger(Math.log2(this.#times)) ? { ...event, times: this.#times } : undefined;
  }
}
