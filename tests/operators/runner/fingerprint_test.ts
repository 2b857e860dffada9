import { assertEquals } from "@std/assert";
import { addSuccess, findState } from "../../../operators/runner/step/success.ts";
import { pipeline, step } from "./pipelines.ts";
import { testInWorld } from "./world.ts";

testInWorld("a forced step is not repeated by a second delivery", async (here) => {
  const { registry } = here;
  const context = { ...here, pipeline: pipeline([]), signal: new AbortController().signal };
  const planned = { previous: null, reasons: ["forced"] };
  const find = (previous: string | null) =>
    findState(step("clean"), { ...planned, previous }, { inputs: {} }, context);
  const { effect, fingerprint, done } = await find(null);
  assertEquals(done, undefined);
  const facts = { run: "nightly@1", step: "clean", node: "here", operator: "clean", attempt: 1 };
  const record = { ...facts, fingerprint, effect, startedAt: "", durationMs: 1, outputs: {} };
  await addSuccess({ ...record, kind: "step" }, undefined, context, { inputs: [], beside: {} });
  assertEquals((await find(null)).done?.record.effect, effect);
  const { commit } = await registry.info("nightly:step:clean");
  assertEquals((await find(commit)).done, undefined, "the next run has another effect");
});
