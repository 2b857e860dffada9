// The command line of this process: arguments, streams and signals.
import process from "node:process";
import { type CliIo, createProcessIo } from "../terminal/cli_io.ts";
import { Interruption } from "../terminal/exit_code.ts";
import { refuseDebugger } from "./no_debugger.ts";

/** Runs the command line on the arguments of this process, and exits with its code. */
export async function runProcess(
  run: (args: readonly string[], io: CliIo) => Promise<number>,
): Promise<void> {
  Object.assign(process, { noDeprecation: true }); // warnings about dependencies help no user
  refuseDebugger(process);
  const controller = new AbortController();
  const second = new AbortController();
  let isAwaited = false;
  let outlasting: string | undefined;
  const io = {
    ...createProcessIo(currentFolder(), controller.signal),
    outlast(note: string) {
      outlasting = note;
      process.on("SIGHUP", () => {});
    },
    get secondStop() {
      isAwaited = true;
      return second.signal;
    },
  };
  stopOnSignals(process, controller, {
    onStop() {
      if (io.stderr.isTerminal) {
        void io.stderr.write("\r\x1b[KStopping. Press Ctrl-C again to stop at once.\n");
      }
    },
    onSecond() {
      second.abort();
      return isAwaited;
    },
    outlasts() {
      if (outlasting === undefined) return false;
      void io.stderr.write(`${outlasting}\n`);
      outlasting = undefined;
      return true;
    },
  });
  const code = await run(process.argv.slice(2), io);
  await Promise.allSettled([io.stdout.write(""), io.stderr.write("")]); // what nobody awaited
  process.exit(code);
}

/** Exits if the folder was deleted, or if its path is not UTF-8. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const state = code === "ENOENT" ? "it does not exist" : "its path is not UTF-8";
    console.error(
      `error: Cannot use the current folder: ${state}\nhint: Change to another folder.`,
    );
    process.exit(2);
  }
}

interface SignalledProcess {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): void;
}

interface StopListeners {
  onStop(): void;
  /** Returns true if the run still ends cleanly, so that only the third signal exits at once. */
  onSecond?(): boolean;
  /** Returns true if the signal is ignored, and only the next one is the first. */
  outlasts?(): boolean;
}

/** Aborts `controller` at the first signal, and exits at the second, or the third. */
export function stopOnSignals(
  process: SignalledProcess,
  controller: AbortController,
  { onStop, onSecond = () => false, outlasts = () => false }: StopListeners,
): void {
  let isSecond = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (outlasts()) return;
      const reason = new Interruption(signal);
      if (controller.signal.aborted) {
        if (isSecond || !onSecond()) return process.exit(reason.exitCode);
        isSecond = true;
        return;
      }
      onStop();
      controller.abort(reason);
    });
  }
}

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
