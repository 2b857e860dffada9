import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { projectTest } from "./project.ts";

projectTest("pipeline step refuses a run planned otherwise", async (it) => {
  await it.succeeds("pipeline run -q");
  const refused = async (line: string, code: number, said: string) => {
    const { code: ended, err } = await it.holdfast(line);
    assertEquals(ended, code, err);
    assertStringIncludes(err, said);
  };
  await refused(
    "pipeline step nightly@1 clean --set variables.lr=9",
    4,
    "it was planned with another configuration",
  );
  await refused("pipeline step nightly@7 clean", 3, "the registry has no such run");
  await refused("pipeline step nightly@1 nobody", 3, "run nightly@1 has no such step");
  await refused(
    "pipeline step daily@1 clean",
    2,
    'this is the configuration of pipeline "nightly"',
  );
  await refused("pipeline step nightly@1 clean --shard 3", 2, "not INDEX/COUNT");
  await refused(
    "pipeline step nightly@1 clean --engine",
    2,
    "neither --engine nor HOLDFAST_ENGINE is set",
  );
});

projectTest("pipeline step --root uses the merged configuration", async (it) => {
  await it.succeeds("pipeline run -q --set variables.lr=0.5");
  await Deno.writeTextFile(it.root.join("now.yaml"), "variables: { lr: 7 }\n");
  const merged = ".holdfast-runs/nightly/1/pipeline.json";
  const out = await it.succeeds(
    `pipeline step nightly@1 train --pipeline ${merged} --root .`,
    { env: { PIPELINE_CONFIG_OVERRIDE_S3_PATH: "now.yaml" } },
  );
  assertMatch(out, /^nightly@1 train ran in/);
});

projectTest("pipeline step exits with 75 while its engine is away", async (it) => {
  await it.succeeds("pipeline run -q");
  const engine = "postgres://nobody@127.0.0.1:1/none";
  const { code, err } = await it.holdfast(`pipeline step nightly@1 clean --engine ${engine}`);
  assertEquals(code, 75, err);
  assertStringIncludes(err, "error: Cannot open the queue: unavailable");
});

projectTest("pipeline step executes a step once", async (it) => {
  const set = ["--set", "operators.train.params.fail=x"];
  await it.holdfast(["pipeline", "run", "-q", ...set]);
  const cases: [step: string, code: number, says: RegExp][] = [
    ["clean", 0, /^nightly@1 clean ran in [\d.]+s → nightly:output:clean@1\.0\.0\n$/],
    ["train", 1, /^error: nightly@1 train failed \(logic\) after [\d.]+s: x\n/],
    ["report", 1, /^error: nightly@1 report blocked: step train has no success\n$/],
    ["report --json", 1, /"end":"blocked"/],
  ];
  for (const [step, expected, says] of cases) {
    const line = ["pipeline", "step", "nightly@1", ...step.split(" "), ...set];
    const { code, out, err } = await it.holdfast(line);
    assertEquals(code, expected, err);
    assertMatch(out + err, says);
  }
});
