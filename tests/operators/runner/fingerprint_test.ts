import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { addSuccess, findSuccess } from "../../../operators/runner/step/success.ts";
import { pipeline, step } from "./pipelines.ts";

Deno.test("a step that was forced is not done again by a second delivery", async () => {
  await using registry = await openRegistry("memory:");
  const context = { registry, pipeline: pipeline([]), signal: new AbortController().signal };
  const present = { inputs: {}, params: {}, code: "v1.0" };
  const planned = { previous: null, reasons: ["forced"] };
  const { effect, fingerprint, done } = await findSuccess(step("clean"), planned, present, context);
  assertEquals(done, undefined);
  const facts = {
    run: "nightly@1",
    step: "clean",
    node: "here",
    operator: "clean",
    fingerprint,
    effect,
    attempt: 1,
  };
  const record = { ...facts, kind: "step" as const, startedAt: "", durationMs: 1, outputs: {} };
  await addSuccess(record, undefined, context, { inputs: [], beside: {} });
  assertEquals(
    (await findSuccess(step("clean"), planned, present, context)).done?.record.effect,
    effect,
  );
  const later = { ...planned, previous: (await registry.info("nightly:step:clean")).commit };
  assertEquals(
    (await findSuccess(step("clean"), later, present, context)).done,
    undefined,
    "the next run is another",
  );
});
