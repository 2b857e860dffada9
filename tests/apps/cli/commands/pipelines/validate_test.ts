import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { holdfast, succeeds } from "../../../captured_io.ts";
import { PIPELINE, projectRoot, projectTest } from "./project.ts";

const WRONG = PIPELINE.replace("runner_count: 2", "runner_count: many").replace(
  "operator: write,",
  "operator: wriet,",
)
  .replace("upstream_dependencies", "upstream_dependncies");

projectTest("pipeline validate prints a valid pipeline", async (it) => {
  const cwd = it.cwd;
  const right =
    "nightly is valid: 3 steps (clean, train, report) on 2 nodes (small, rest), from 1 file\n";
  await it.prints("pipeline validate", right);
  await it.prints("pipeline validate pipeline.yaml", right);
  const told = await it.json(`pipeline validate ${cwd} --json`, { cwd: "/" });
  assertEquals([told.valid, told.problems, told.order], [true, [], ["clean", "train", "report"]]);
  assertEquals(told.operators, ["write", "train"]);
});

projectTest(
  "pipeline validate lists problems and exits with 2",
  async (it) => {
    const { code, out, err } = await it.holdfast("pipeline validate");
    assertEquals(code, 2);
    assertStringIncludes(out, "pipeline.yaml:7:38: ");
    assertStringIncludes(out, 'unknown key "upstream_dependncies"');
    assertStringIncludes(out, "  hint: Did you mean upstream_dependencies?");
    assertEquals(err, "2 problems\n");
    const { code: again, out: json } = await it.holdfast("pipeline validate --json");
    const { valid, problems } = JSON.parse(json);
    assertEquals([again, valid, problems.length], [2, false, 2]);
    assertEquals(Object.keys(problems[0]).sort(), [
      "column",
      "file",
      "hint",
      "line",
      "message",
      "path",
    ]);
  },
  { pipeline: WRONG },
);

projectTest("an unknown operator is a problem with a location", async (it) => {
  const { code, out } = await it.holdfast("pipeline validate");
  assertEquals(code, 2);
  assertStringIncludes(out, "pipeline.yaml:9:39: ");
  assertStringIncludes(out, "Did you mean write?");
}, { pipeline: PIPELINE.replace("operator: write,", "operator: wriet,") });

projectTest(
  "a terminal shows the line of a problem",
  async (it) => {
    const long = PIPELINE.replace("text: cleaned", `text: ${"x".repeat(500)}, bad: [`);
    await Deno.writeTextFile(it.root.join("long.yaml"), long);
    const options = { terminals: ["stdout" as const], columns: 60 };
    const { out } = await it.holdfast("pipeline validate", options);
    const lines = out.split("\n");
    const at = lines.findIndex((line) => line.includes("runner_count: many }"));
    assertEquals(lines[at + 1].indexOf("^"), lines[at].indexOf("many"));
    const { out: cut } = await it.holdfast("pipeline validate long.yaml", options);
    const shown = cut.split("\n").filter((line) => line.startsWith("    "));
    assertEquals([shown.length > 0, shown.every((line) => line.length <= 60)], [true, true]);
  },
  { pipeline: WRONG },
);

projectTest("a missing pipeline is reported with an example", async (it) => {
  await Deno.mkdir(it.root.join("empty"));
  for (const command of ["validate", "plan", "run"]) {
    const { code, err } = await it.holdfast(`pipeline ${command} empty`);
    assertEquals(code, 3);
    assertStringIncludes(err, "neither conf/pipeline.yaml nor pipeline.yaml");
    assertStringIncludes(err, "holdfast pipeline init");
  }
});

projectTest(
  "pipeline commands list all problems",
  async (it) => {
    for (const command of ["run", "plan", "graph"]) {
      const { code, err } = await it.holdfast(`pipeline ${command}`);
      assertEquals(code, 2);
      assertMatch(
        err,
        /^error: Cannot use the pipeline .*: 2 mistakes\n {2}pipeline\.yaml:7:38: .*\n {2}pipeline\.yaml:\d+:\d+: unknown key .*\nhint: /,
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
  const told = await succeeds(["pipeline", "validate", own.path, "--json"], { cwd: "/" });
  assertEquals(JSON.parse(told).operators, ["write", "train"]);
  await using root = await projectRoot();
  await Deno.rename(root.join("operators.ts"), root.join("steps.ts"));
  const { code, err } = await holdfast("pipeline validate", { cwd: root.path });
  assertEquals([code, err.includes("--operators FILE")], [0, true]);
  const refused = await holdfast("pipeline run", { cwd: root.path });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, 'no module defines the operator "write"');
  await succeeds("pipeline run -q --operators steps.ts", { cwd: root.path });
});
