import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { holdfast, succeeds } from "../../../apps/captured_io.ts";
import { PIPELINE, projectRoot, projectTest } from "./project.ts";

const WRONG = PIPELINE.replace("runner_count: 2", "runner_count: many").replace(
  "operator: write,",
  "operator: wriet,",
)
  .replace("upstream_dependencies", "upstream_dependncies");

projectTest("plan --check accepts a valid pipeline without a registry", async (it) => {
  await it.prints("pipeline plan --check", "nightly is valid: 3 steps, 2 nodes\n");
  const told = await it.json(`pipeline plan --check ${it.cwd} --json`, { cwd: "/" });
  assertEquals([told.pipeline, told.steps], ["nightly", ["clean", "train", "report"]]);
});

projectTest("an unknown operator is a problem with a location", async (it) => {
  const { code, err } = await it.holdfast("pipeline plan --check");
  assertEquals(code, 2);
  assertStringIncludes(err, "pipeline.yaml:9:39: ");
  assertStringIncludes(err, "Did you mean write?");
}, { pipeline: PIPELINE.replace("operator: write,", "operator: wriet,") });

projectTest("a missing pipeline is reported with an example", async (it) => {
  await Deno.mkdir(it.root.join("empty"));
  for (const command of ["plan --check", "plan", "run"]) {
    const { code, err } = await it.holdfast(`pipeline ${command} empty`);
    assertEquals(code, 3);
    assertStringIncludes(err, "neither conf/pipeline.yaml nor pipeline.yaml");
    assertStringIncludes(err, "holdfast pipeline init");
  }
});

projectTest(
  "pipeline commands list all problems",
  async (it) => {
    for (const command of ["run", "plan", "plan --check", "graph"]) {
      const { code, err } = await it.holdfast(`pipeline ${command}`);
      assertEquals(code, 2);
      assertMatch(
        err,
        /^error: Cannot use the pipeline of this folder: 2 mistakes\n {2}pipeline\.yaml:7:38: .*\n {2}pipeline\.yaml:\d+:\d+: unknown key .*\nhint: /,
      );
    }
  },
  { pipeline: WRONG },
);

Deno.test("operators come from the module of the pipeline or the command line, in any folder", async () => {
  const pipeline = PIPELINE.replace("nodes:", "operators_module: ./src/steps.ts\n  nodes:");
  await using own = await projectRoot({ pipeline });
  await Deno.mkdir(own.join("src"));
  await Deno.rename(own.join("operators.ts"), own.join("src/steps.ts"));
  await succeeds(["pipeline", "plan", "--check", own.path], { cwd: "/" });
  await using root = await projectRoot();
  await Deno.rename(root.join("operators.ts"), root.join("steps.ts"));
  const refused = await holdfast("pipeline run", { cwd: root.path });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, 'no module defines the operator "write"');
  await succeeds("pipeline run -q --operators steps.ts", { cwd: root.path });
});
