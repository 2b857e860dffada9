/**
 * Ctrl-C: the first stops the run in order, the second at once.
 *
 * @module
 */
import { Interruption } from "./exit_code.ts";

/** The part of a process that signals come to. */
export interface SignalledProcess {
  /** Hears of a signal. */
  on(signal: "SIGINT" | "SIGTERM", heard: () => void): unknown;
  /** Ends at once. */
  exit(code: number): void;
}

/** Aborts `controller` at the first signal, calls `onStop` then, and ends the process at the second. */
export function stopOnSignals(process: SignalledProcess, controller: AbortController, onStop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const reason = new Interruption(signal);
      if (controller.signal.aborted) return process.exit(reason.exitCode);
      onStop();
      controller.abort(reason);
    });
  }
}
