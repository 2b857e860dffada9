import { assertEquals, assertStringIncludes } from "@std/assert";
import { projectTest } from "./project.ts";

projectTest("pipeline plan prints for each step whether it would run, and why", async (it) => {
  const { out, err } = await it.holdfast("pipeline plan");
  assertEquals(
    out,
    "STEP    DECISION  WHY\nclean   run       never ran\ntrain   run       never ran\nreport  run       never ran\n",
  );
  assertEquals(err, "3 of 3 steps would run\n");
  await it.succeeds("pipeline run -q");
  const { out: skipped, err: none } = await it.holdfast("pipeline plan");
  assertStringIncludes(skipped, "clean   skip      nothing changed\n");
  assertEquals(none, "0 of 3 steps would run\n");
});

projectTest("a plan uses --set and --override, and lists all reasons", async (it) => {
  await it.succeeds("pipeline run -q");
  await Deno.writeTextFile(it.root.join("other.yaml"), "variables: { lr: 0.2 }\n");
  const changed = [
    "--override",
    "other.yaml",
    "--set",
    "operators.train.params.fail=no",
    "--force",
    "clean",
  ];
  const { out, err } = await it.holdfast(["pipeline", "plan", ...changed]);
  assertEquals(
    out,
    "STEP    DECISION  WHY\n" +
      "clean   run       forced\n" +
      'train   run       params.fail "" → "no"\n' +
      "                  params.lr 0.1 → 0.2\n" +
      "report  depends   upstream runs: train\n",
  );
  assertEquals(err, "2 of 3 steps would run, 1 more may\n");
});

projectTest("pipeline plan --json is one object, and run --dry-run is the same", async (it) => {
  const planned = await it.succeeds("pipeline plan --json");
  const { kind, pipeline, steps } = JSON.parse(planned);
  assertEquals([kind, pipeline, steps.length, steps[0].reasons], ["plan", "nightly", 3, [
    "never ran",
  ]]);
  await it.prints("pipeline run --dry-run --json", planned);
  await it.prints("ls -q", "");
});

projectTest("--operator and --node select steps", async (it) => {
  const names = async (line: string) =>
    (await it.json(`pipeline plan --json ${line}`)).steps.map(({ step }: { step: string }) => step);
  assertEquals(await names("--node small"), ["clean"]);
  assertEquals(await names("--node small --operator train"), ["clean", "train"]);
  const { code, err } = await it.holdfast("pipeline plan --operator trian");
  assertEquals(code, 3);
  assertStringIncludes(err, "Choose from: clean, train, report.");
  const { code: alone, err: why } = await it.holdfast("pipeline plan --operator train");
  assertEquals(alone, 3);
  assertStringIncludes(why, 'step "clean": the step has never succeeded');
});

projectTest("--force alone is all steps, with a step only that one", async (it) => {
  await it.succeeds("pipeline run -q");
  const forced = async (line: string) =>
    (await it.json(`pipeline plan --json ${line}`)).steps
      .filter(({ reasons }: { reasons: string[] }) => reasons.includes("forced"))
      .map(({ step }: { step: string }) => step);
  assertEquals(await forced("--force"), ["clean", "train", "report"]);
  assertEquals(await forced("--force train --force report"), ["train", "report"]);
  assertEquals((await it.holdfast("pipeline plan --force nothing")).code, 3);
});
