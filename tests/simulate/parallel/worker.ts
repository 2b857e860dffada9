// One thread of the simulation.
import { parentPort } from "node:worker_threads";
import { simulate } from "../simulate.ts";
import type { RangeResult, SeedRange } from "./simulate_at_once.ts";

// Nothing happens in other imports, such as the search for documented examples.
parentPort?.on("message", async (range: SeedRange) => {
  const traces: string[] = [];
  const violations = await simulate({
    ...range,
    stop: false,
    onRun: ({ traceHash }) => traces.push(traceHash),
  });
  parentPort!.postMessage({ violations, traces } satisfies RangeResult);
});
