import { assertEquals, assertStringIncludes } from "@std/assert";
import { holdfast, succeeds } from "../../../captured_io.ts";
import { projectRoot } from "./project.ts";

Deno.test("pipeline plan says for each step whether it would run, and why", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  const { out, err } = await holdfast("pipeline plan", { cwd });
  assertEquals(
    out,
    "STEP    DECISION  WHY\nclean   run       never ran\ntrain   run       never ran\nreport  run       never ran\n",
  );
  assertEquals(err, "3 of 3 steps would run\n");
  await succeeds("pipeline run -q", { cwd });
  const { out: skipped, err: none } = await holdfast("pipeline plan", { cwd });
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

Deno.test("pipeline plan --json is one object, and run --dry-run is the same", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  const planned = await succeeds("pipeline plan --json", { cwd });
  const { kind, pipeline, steps } = JSON.parse(planned);
  assertEquals([kind, pipeline, steps.length, steps[0].reasons], ["plan", "nightly", 3, [
    "never ran",
  ]]);
  assertEquals(await succeeds("pipeline run --dry-run --json", { cwd }), planned);
  assertEquals(await succeeds("ls -q", { cwd }), "", "nothing is written");
});

projectTest("--operator and --node select steps", async (it) => {
  const names = async (line: string) =>
    JSON.parse(await succeeds(`pipeline plan --json ${line}`, { cwd })).steps.map((
      { step }: { step: string },
    ) => step);
  assertEquals(await names("--node small"), ["clean"]);
  assertEquals(await names("--node small --operator train"), ["clean", "train"]);
  const { code, err } = await holdfast("pipeline plan --operator trian", { cwd });
  assertEquals(code, 3);
  assertStringIncludes(err, "Choose from: clean, train, report.");
  const { code: alone, err: why } = await holdfast("pipeline plan --operator train", { cwd });
  assertEquals(alone, 3);
  assertStringIncludes(why, 'step "clean": it has never succeeded');
});

Deno.test("--force alone is all steps, with a step only that one", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  await succeeds("pipeline run -q", { cwd });
  const forced = async (line: string) =>
    JSON.parse(await succeeds(`pipeline plan --json ${line}`, { cwd })).steps
      .filter(({ reasons }: { reasons: string[] }) => reasons.includes("forced"))
      .map(({ step }: { step: string }) => step);
  assertEquals(await forced("--force"), ["clean", "train", "report"]);
  assertEquals(await forced("--force train --force report"), ["train", "report"]);
  assertEquals((await holdfast("pipeline plan --force nothing", { cwd })).code, 3);
});
