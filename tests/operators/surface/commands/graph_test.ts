import { assertEquals, assertStringIncludes } from "@std/assert";
import { projectTest } from "./project.ts";

projectTest("pipeline graph draws a pipeline as text, and in other forms", async (it) => {
  const text = await it.succeeds("pipeline graph");
  assertStringIncludes(text, "step:clean");
  await it.tells("pipeline graph --as mermaid", "flowchart");
  await it.tells("pipeline graph --as mermaid", "flowchart");
  assertEquals((await it.holdfast("pipeline graph --as png")).code, 2);
  const { levels, steps } = await it.json("pipeline graph --json");
  assertEquals(levels, [["clean"], ["train"], ["report"]]);
  assertEquals(steps[1], { step: "train", node: "rest", upstream: ["clean"] });
});

projectTest("pipeline graph needs a registry only with --plan", async (it) => {
  await it.succeeds("pipeline run -q");
  const { steps } = await it.json("pipeline graph --json --plan --set variables.lr=2");
  assertEquals(steps.map(({ decision }: { decision: string }) => decision), [
    "skip",
    "run",
    "depends",
  ]);
  await Deno.remove(it.root.join(".holdfast"), { recursive: true });
  await it.succeeds("pipeline graph");
  assertEquals((await it.holdfast("pipeline graph --plan")).code, 3);
});
