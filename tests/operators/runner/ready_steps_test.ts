// The order in which ready steps start.
import { assertEquals } from "@std/assert";
import { ReadySteps } from "../../../operators/runner/schedule.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { findDependencies, longestFirst } from "../../../operators/runner/sources.ts";
import { add, pipeline, step } from "./pipelines.ts";
import { testInWorld } from "./world.ts";

const STEPS = [
  step("alone", { operator: "note" }),
  step("short", { operator: "note" }),
  step("after_short", { operator: "note", upstream: ["short"] }),
  step("long", { operator: "note" }),
  step("middle", { operator: "note", upstream: ["long"] }),
  step("last", { operator: "note", upstream: ["middle", "alone"] }),
];

testInWorld("the step with the longest remaining path starts first", async (here) => {
  add(here.operators, "note", ({ operatorId }) => here.ran.push(operatorId) && 0);
  await runPipeline(pipeline(STEPS), { ...here, concurrency: 1 });
  assertEquals(here.ran, ["long", "alone", "short", "middle", "after_short", "last"]);
});

Deno.test("steps with equal paths, and shards, start in the order of arrival", () => {
  const ready = new ReadySteps(new Map([["a", 1], ["b", 2], ["c", 2], ["d", 1]]));
  ready.add("a", 2);
  ready.add("b", 1);
  assertEquals([ready.first, ready.take()], ["b", { id: "b" }]);
  assertEquals(ready.take(), { id: "a", shard: { index: 0, count: 2 } });
  ready.add("d", 1);
  ready.add("c", 1);
  assertEquals(ready.take(), { id: "c" });
  assertEquals(ready.take(), { id: "a", shard: { index: 1, count: 2 } });
  assertEquals([ready.take(), ready.first, ready.take()], [{ id: "d" }, undefined, undefined]);
});

Deno.test("steps of an engine are submitted in the same order", () => {
  const dependencies = findDependencies(pipeline(STEPS));
  assertEquals(longestFirst(["alone", "short", "long"], dependencies), ["long", "alone", "short"]);
});
