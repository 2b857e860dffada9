import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runDeno } from "../../../../support/run_deno.ts";
import { tempRoot } from "../../../../support/temp_root.ts";
import { cliTest, holdfast, succeeds } from "../../../captured_io.ts";

cliTest("pipeline init writes a pipeline that runs", async (it) => {
  const { out, err } = await it.holdfast("pipeline init my/training");
  assertEquals(
    out,
    `Wrote pipeline.yaml, operators.ts, .gitignore in ${it.root.join("my/training")}\n`,
  );
  assertEquals(err, "Next: cd my/training && holdfast init && holdfast pipeline run\n");
  const cwd = it.root.join("my/training");
  await it.succeeds("init");
  assertMatch(
    await it.succeeds("pipeline validate"),
    /^training is valid: 3 steps \(generate, summarize, report\)/,
  );
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
  assertEquals(Array.from(Deno.readDirSync(it.cwd), ({ name }) => name), ["operators.ts"]);
});

Deno.test("pipeline init writes nothing where there is a pipeline in another file, which would be run in its place", async () => {
  for (const file of ["conf/pipeline.yaml", "conf/pipeline.toml", "pipeline.json"]) {
    await using root = await tempRoot();
    await Deno.mkdir(root.join("conf"));
    await Deno.writeTextFile(root.join(file), "mine");
    const { code, err } = await holdfast("pipeline init", { cwd: root.path });
    assertEquals(code, 4);
    assertStringIncludes(err, `${file} exists`);
    assertEquals(
      Array.from(Deno.readDirSync(root.path), ({ name }) => name).includes("operators.ts"),
      false,
    );
  }
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
