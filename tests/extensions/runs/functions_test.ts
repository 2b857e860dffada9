// Functions for runs are checked, worded, logged and traced like the methods of a registry.
import { assertEquals } from "@std/assert";
import * as runs from "../../../extensions/runs/mod.ts";
import type { Registry } from "../../../mod.ts";
import type { Call } from "../../registry/contract/functions.ts";
import { prepared, testFunctions } from "../../registry/contract/test_functions.ts";
import { tracing } from "../../registry/contract/tracing.ts";

/** Begins a run `r` of `a`, which has two versions, and ends one of `both`. */
async function prepare(registry: Registry): Promise<void> {
  for (const value of [1, 2]) await registry.save("a", value);
  const run = await runs.openRun(registry, "a", { id: "r" });
  run.log({ step: 0, loss: 1 });
  await run.close();
  const ended = await runs.openRun(registry, "both", { id: "r" });
  ended.log({ step: 0, loss: 1 });
  await ended.finish();
  await ended.close();
}

const calls: { readonly [Name in keyof typeof runs]: Call } = {
  openRun: (registry, options) => runs.openRun(registry, "a", options),
  readLoggedRuns: (registry, options) => runs.readLoggedRuns(registry, options),
  readLoggedRun: (registry, options) => runs.readLoggedRun(registry, "a", { id: "r", ...options }),
  readCurves: (registry, options) => runs.readCurves(registry, "both", options),
  updateRun: (registry, options) =>
    runs.updateRun(registry, "a", { id: "r", tags: { host: "one" }, ...options }),
  discardRun: (registry, options) => runs.discardRun(registry, "a", { id: "none", ...options }),
  finishRun: (registry, options) => runs.finishRun(registry, "a", { id: "r", ...options }),
};

testFunctions({ functions: runs, calls, prepare });

Deno.test("the span of a finish has the version and its size", async () => {
  const { registry } = await prepared(prepare);
  const spans = await tracing(() => runs.finishRun(registry, "a", { id: "r" }));
  const [own] = spans.filter(({ name }) => name === "holdfast.finishRun");
  const { "holdfast.artifact.size": size, ...others } = own!.attributes;
  assertEquals([others, Number(size) > 0], [{
    "holdfast.registry.id": registry.id,
    "holdfast.artifact.name": "a",
    "holdfast.artifact.version": "3.0.0",
  }, true]);
  await registry.close();
});
