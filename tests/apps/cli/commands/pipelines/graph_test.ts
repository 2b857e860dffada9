import { assertEquals, assertStringIncludes } from "@std/assert";
import { holdfast, succeeds } from "../../../captured_io.ts";
import { projectRoot } from "./project.ts";

Deno.test("pipeline graph draws a pipeline as text, and in other forms", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  const text = await succeeds("pipeline graph", { cwd });
  assertStringIncludes(text, "step:clean");
  assertStringIncludes(await succeeds("pipeline graph --as mermaid", { cwd }), "flowchart");
  assertStringIncludes(await succeeds("pipeline graph --as dot", { cwd }), "digraph");
  assertEquals((await holdfast("pipeline graph --as png", { cwd })).code, 2);
  const { levels, steps } = JSON.parse(await succeeds("pipeline graph --json", { cwd }));
  assertEquals(levels, [["clean"], ["train"], ["report"]]);
  assertEquals(steps[1], { step: "train", node: "rest", upstream: ["clean"] });
});

Deno.test("pipeline graph needs no registry, unless what would run is to be marked", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  await succeeds("pipeline run -q", { cwd });
  const { steps } = JSON.parse(
    await succeeds("pipeline graph --json --plan --set variables.lr=2", { cwd }),
  );
  assertEquals(steps.map(({ decision }: { decision: string }) => decision), [
    "skip",
    "run",
    "depends",
  ]);
  await Deno.remove(root.join(".holdfast"), { recursive: true });
  await succeeds("pipeline graph", { cwd });
  assertEquals((await holdfast("pipeline graph --plan", { cwd })).code, 3);
});
