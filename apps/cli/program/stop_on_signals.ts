// Ctrl-C: the first stops the run in order, the second at once.
import { Interruption } from "./exit_code.ts";

export interface SignalledProcess {
  on(signal: "SIGINT" | "SIGTERM", heard: () => void): unknown;
  exit(code: number): void;
}

export interface StopListeners {
  onStop(): void;
  /** At the second: true where somebody ends in order even then, so that only the third ends the process at once. */
  onSecond?(): boolean;
}

/** Aborts `controller` at the first signal, and ends the process at the second, or the third. */
export function stopOnSignals(
  process: SignalledProcess,
  controller: AbortController,
  { onStop, onSecond = () => false }: StopListeners,
): void {
  let told = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const reason = new Interruption(signal);
      if (controller.signal.aborted) {
        if (told || !onSecond()) return process.exit(reason.exitCode);
        told = true;
        return;
      }
      onStop();
      controller.abort(reason);
    });
  }
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
