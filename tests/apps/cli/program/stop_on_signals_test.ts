import { assertEquals } from "@std/assert";
import type { Interruption } from "../../../../apps/cli/terminal/exit_code.ts";
import { stopOnSignals } from "../../../../apps/cli/program/run_process.ts";

/** A process that records exits, and the listeners of its signals. */
function signalled(onSecond?: () => boolean, outlasts?: () => boolean) {
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  const controller = new AbortController();
  const process = {
    on: (signal: string, listener: () => void) => listeners.set(signal, listener),
    exit: (code: number) => void exits.push(code),
  };
  let stops = 0;
  stopOnSignals(process, controller, { onStop: () => stops++, onSecond, outlasts });
  return { exits, controller, send: (name: string) => listeners.get(name)!(), stops: () => stops };
}

Deno.test("the first signal aborts, the second exits", () => {
  const { exits, controller: { signal }, send, stops } = signalled();
  send("SIGINT");
  assertEquals([signal.aborted, stops(), exits], [true, 1, []]);
  assertEquals((signal.reason as Interruption).exitCode, 130);
  send("SIGTERM");
  assertEquals([stops(), exits], [1, [143]]);
});

Deno.test("a run that handles the second signal exits at the third", () => {
  let seconds = 0;
  const { exits, send } = signalled(() => ++seconds > 0);
  send("SIGTERM");
  send("SIGTERM");
  assertEquals([seconds, exits], [1, []]);
  send("SIGINT");
  assertEquals([seconds, exits], [1, [130]]);
});

Deno.test("a run that outlasts the first signal ends at the second", () => {
  let ignored = 0;
  const { exits, controller: { signal }, send, stops } = signalled(
    undefined,
    () => ignored++ === 0,
  );
  send("SIGINT");
  assertEquals([signal.aborted, stops(), exits], [false, 0, []]);
  send("SIGTERM");
  assertEquals([signal.aborted, stops(), exits], [true, 1, []]);
});
