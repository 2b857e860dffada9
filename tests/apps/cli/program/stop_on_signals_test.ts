import { assertEquals } from "@std/assert";
import type { Interruption } from "../../../../apps/cli/program/exit_code.ts";
import { stopOnSignals } from "../../../../apps/cli/program/run_process.ts";

Deno.test("the first signal aborts and says so once, the second ends the process at once", () => {
  const heard = new Map<string, () => void>();
  const exits: number[] = [];
  let stops = 0;
  const controller = new AbortController();
  const process = {
    on: (signal: string, listener: () => void) => heard.set(signal, listener),
    exit: (code: number) => void exits.push(code),
  };
  stopOnSignals(process, controller, { onStop: () => stops++ });
  heard.get("SIGINT")!();
  assertEquals([controller.signal.aborted, stops, exits], [true, 1, []]);
  assertEquals((controller.signal.reason as Interruption).exitCode, 130);
  heard.get("SIGTERM")!();
  assertEquals([stops, exits], [1, [143]]);
});

Deno.test("a command that ends in order at the second signal is not ended before the third", () => {
  const heard: (() => void)[] = [];
  const exits: number[] = [];
  let seconds = 0;
  const process = {
    on: (_signal: string, listener: () => void) => heard.push(listener),
    exit: (code: number) => void exits.push(code),
  };
  stopOnSignals(process, new AbortController(), { onStop() {}, onSecond: () => ++seconds > 0 });
  heard[1]();
  heard[1]();
  assertEquals([seconds, exits], [1, []]);
  heard[0]();
  assertEquals([seconds, exits], [1, [130]]);
});
