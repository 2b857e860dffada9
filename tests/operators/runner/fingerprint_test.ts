import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { changedParams, effectKey, sortedJson } from "../../../operators/runner/fingerprint.ts";
import { addSuccess, findSuccess } from "../../../operators/runner/step/success.ts";
import { pipeline, step } from "./pipelines.ts";

const fingerprint = { inputs: { data: "d1" }, params: { lr: 0.1 }, code: "v1.0" };
const of = { pipeline: "nightly", step: "clean", previous: null };

Deno.test("the order in which something was written down is no change", () => {
  const [a, b] = [{ a: 1, b: { c: [1, 2], d: null } }, { b: { d: null, c: [1, 2] }, a: 1 }];
  assertEquals(sortedJson(a), sortedJson(b));
  assertEquals(changedParams(a, b), []);
  assertEquals(changedParams(a, { ...b, b: { ...b.b, c: [2, 1] } }), ["params.b.c [1,2] → [2,1]"]);
});

Deno.test("what a step does is another thing with another input, parameter, code, success before, step or pipeline", () => {
  const keys = [
    effectKey(fingerprint, of),
    effectKey({ ...fingerprint, inputs: { data: "d2" } }, of),
    effectKey({ ...fingerprint, inputs: { other: "d1" } }, of),
    effectKey({ ...fingerprint, params: { lr: 0.2 } }, of),
    effectKey({ ...fingerprint, code: "v1.1" }, of),
    effectKey(fingerprint, { ...of, previous: "commit" }),
    effectKey(fingerprint, { ...of, step: "train" }),
    effectKey(fingerprint, { ...of, pipeline: "weekly" }),
  ];
  assertEquals(new Set(keys).size, keys.length);
  assertEquals(effectKey({ ...fingerprint }, { ...of }), keys[0]);
});

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
