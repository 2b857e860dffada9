// The command line of this process: its arguments, its streams and its signals.
import process from "node:process";
import { type CliIo, createProcessIo } from "../terminal/cli_io.ts";
import { stopOnSignals } from "./stop_on_signals.ts";

/** Runs this on the arguments of this process, and ends it with the exit code. */
export async function runProcess(
  run: (args: readonly string[], io: CliIo) => Promise<number>,
): Promise<void> {
  Object.assign(process, { noDeprecation: true }); // what a driver's package uses is no news for who runs a command
  const controller = new AbortController();
  const second = new AbortController();
  let isAwaited = false;
  const io = {
    ...createProcessIo(controller.signal),
    get secondStop() {
      isAwaited = true;
      return second.signal;
    },
  };
  stopOnSignals(process, controller, {
    onStop() {
      if (io.stderr.isTerminal) {
        void io.stderr.write("\r\x1b[Kstopping; once more to stop at once\n");
      }
    },
    onSecond() {
      second.abort();
      return isAwaited;
    },
  });
  process.exit(await run(process.argv.slice(2), io));
}
