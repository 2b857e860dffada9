import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runDeno } from "../../../support/run_deno.ts";
import { cliTest, filesIn } from "../../../apps/captured_io.ts";

cliTest("pipeline init writes a pipeline that runs", async (it) => {
  const { out, err } = await it.holdfast("pipeline init my/training");
  assertEquals(
    out,
    `Wrote pipeline.yaml, operators.ts, .gitignore in ${it.root.join("my/training")}\n`,
  );
  assertEquals(err, "Next: cd my/training && holdfast init && holdfast pipeline run\n");
  const cwd = it.root.join("my/training");
  await it.succeeds("init", { cwd });
  assertMatch(await it.succeeds("pipeline plan --check", { cwd }), /^training is valid: 3 steps/);
  const run = (...args: string[]) =>
    runDeno("apps/cli.ts", ["pipeline", "run", ...args], { cwd, permissions: ["-A"] });
  const first = await run();
  assertEquals(first.code, 0, first.stderr);
  assertMatch(first.stdout, /^training@1 ok in [\d.]+s: 3 ran\n$/);
  assertMatch((await run()).stdout, /: 3 skipped\n$/);
  assertMatch((await run("--set", "variables.numbers=10")).stdout, /: 3 ran\n$/);
});

cliTest("pipeline init overwrites no file", async (it) => {
  await Deno.writeTextFile(it.root.join("operators.ts"), "mine");
  await it.fails("pipeline init", 4, "operators.ts exists");
  assertEquals(await filesIn(it.cwd), ["operators.ts"]);
});

cliTest("pipeline init writes nothing beside another pipeline", async (it) => {
  await Deno.mkdir(it.root.join("conf"));
  for (const file of ["conf/pipeline.yaml", "conf/pipeline.yml", "pipeline.json"]) {
    await Deno.writeTextFile(it.root.join(file), "mine");
    await it.fails("pipeline init", 4, `${file} exists`);
    await Deno.remove(it.root.join(file));
  }
  assertEquals(await filesIn(it.cwd), ["conf"]);
});

cliTest("pipeline init keeps a .gitignore; operators run as commands", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join(".gitignore"), "mine\n");
  const { err } = await it.holdfast("pipeline init");
  assertStringIncludes(err, "Add .holdfast/ and .holdfast-runs/ to your .gitignore");
  assertStringIncludes(err, "Next: holdfast pipeline run\n");
  assertEquals(await Deno.readTextFile(it.root.join(".gitignore")), "mine\n");
  for (const kind of ["thread", "command"]) {
    const steps = ["generate", "summarize"].map((step) => `operators.${step}.run_as=${kind}`);
    const values = ["pipeline.pipeline_id=init", "variables.numbers=7", ...steps];
    const line = ["pipeline", "run", "--force", ...values.flatMap((value) => ["--set", value])];
    const { code, stderr } = await runDeno("apps/cli.ts", line, {
      cwd: it.cwd,
      permissions: ["-A"],
    });
    assertEquals(code, 0, stderr);
    const numbers = await it.succeeds("cat init:output:generate numbers.csv");
    assertEquals(numbers, "0\n919\n838\n757\n676\n595\n514\n");
    const report = await it.succeeds("cat init:output:report report.txt");
    assertEquals(report, "7 numbers, mean 614.14\n");
  }
});
