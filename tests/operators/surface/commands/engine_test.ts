import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { stepCommands } from "../../../../operators/surface/open_carrier.ts";
import { ENGINE_VARIABLE } from "../../../../apps/cli/jobs/queue_url.ts";
import { ownCommand } from "../../../../apps/cli/program/own_command.ts";
import { openRegistry } from "../../../../mod.ts";
import { readResult } from "../../../../operators/runner/mod.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import { projectTest } from "./project.ts";

/** The variables that processes need. */
const env = Object.fromEntries(
  ["PATH", "HOME", "DENO_DIR"].map((name) => [name, realSystem.env(name) ?? ""]),
);

projectTest("pipeline run --engine runs each step as a process", async (it) => {
  const line = ["pipeline", "run", "--engine", "local:", "--set"];
  const { code, out, err } = await it.holdfast([...line, "variables.lr=0.7"], { env });
  assertEquals(code, 0, err);
  assertMatch(out, /^nightly@1 ok in [\d.]+s: 3 ran\n$/);
  assertMatch(err, /^train {3}ran in [\d.]+s → model@1\.0\.0$/m);
  await it.prints("cat model@1 weights", "0.7", { env });
  const failed = await it.holdfast([...line, "operators.train.params.fail=no data"], { env });
  assertEquals(failed.code, 1);
  assertStringIncludes(failed.out, "\ntrain failed with 3 (logic): no data\n");
});

projectTest("a step that copies its staged inputs publishes their content", async (it) => {
  await Deno.writeTextFile(it.root.join("input.txt"), "content");
  for (const engine of ["", "--engine local: --force"]) {
    const { code, err } = await it.holdfast(`pipeline run ${engine}`.trim(), { env });
    assertEquals(code, 0, err);
    await it.prints("cat data:copied input.txt", "content", { env });
  }
}, {
  pipeline: `
pipeline:
  pipeline_id: copying
  operators:
    - operator_id: copy
      inputs: { data: ./input.txt }
      outputs: { ".": "registry:data:copied" }
      script: cp -r "$INPUT_ROOT/." "$OUTPUT_ROOT"
`,
});

projectTest("a run is submitted to an engine of the module of operators", async (it) => {
  const operators = fromFileUrl(
    new URL("../../../../examples/own_engine.ts", import.meta.url),
  );
  const line = ["pipeline", "run", "--operators", operators];
  const unknown = await it.holdfast([...line, "--engine", "sppol:jobs"], { env });
  assertStringIncludes(unknown.err, "Did you mean spool? ");
  const jobs = it.root.join("jobs");
  const { code, err } = await it.holdfast([...line, "--engine", `spool:${jobs}`, "--detach"], {
    env,
  });
  assertEquals(code, 0, err);
  await using registry = await openRegistry(it.root.join(".holdfast"), { create: false });
  const ended = (async () => {
    for (;;) {
      const result = await readResult(registry, "greeting@1");
      if (result !== undefined) return result;
      await realSystem.sleep(50);
    }
  })();
  assertEquals((await withoutHanging("the end of the run", ended)).end, "ok");
  await it.prints("cat greeting:output:pass_on text", "hello", { env });
}, {
  pipeline: `
pipeline:
  pipeline_id: greeting
  operators:
    - operator_id: greet
      start_command: [sh, -c, 'printf hello > "$OUTPUT_ROOT/text"']
    - operator_id: pass_on
      inputs: { greeting: step:greet }
      start_command: [sh, -c, 'cat "$INPUT_ROOT"/text > "$OUTPUT_ROOT/text"']
`,
});

projectTest("engine options that conflict are refused", async (it) => {
  const run = "pipeline run --engine";
  const cases: [line: string, part: string, more?: Record<string, string>][] = [
    ["pipeline run --detach", "--detach needs an engine"],
    [`${run} local: --detach`, "steps of this engine end with this command"],
    [`${run} local: --keep`, "--keep cannot be used with --engine"],
    [`${run} local: --concurrency 2`, "--concurrency cannot be used with --engine"],
    [run, `neither --engine nor ${ENGINE_VARIABLE} is set`],
    [`${run} redis://u:secret@127.0.0.1:1`, "Cannot take a password from --engine"],
    [`${run} kafka://h`, "unknown scheme"],
    [run, "unknown scheme", { [ENGINE_VARIABLE]: "kafka://u:secret@h" }],
    ["worker --queue redis://u:secret@127.0.0.1:1", "Cannot take a password from --queue"],
    ["worker --queue postgres://h/db?password=secret", "Cannot take a password from --queue"],
    ["worker", `neither --queue nor ${ENGINE_VARIABLE} is set`],
    ["worker --queue local:", 'unknown scheme "local"'],
    ["worker --queue memory:", "no other process can add"],
  ];
  for (const [line, part, more] of cases) {
    const { code, err } = await it.holdfast(line, { env: { ...env, ...more } });
    assertEquals([code, err.includes("secret")], [2, false], err);
    assertStringIncludes(err, part);
  }
  await it.prints("ls", "");
});

projectTest("names from a queue are never options", async (it) => {
  await it.succeeds("pipeline run -q", { env });
  const steps = ["--root", "--operators=/tmp/o.ts", "--set=variables.lr=9", "--help", "--version"];
  for (const step of steps) {
    const more = ["--set", "variables.lr=0.1"];
    const { command } = stepCommands({ run: "nightly@1", step }, { file: it.cwd, more });
    const { code, err } = await it.holdfast(command.slice(ownCommand().length), { env });
    assertEquals([step, code], [step, 3], err);
    assertStringIncludes(err, `Cannot execute step "${step}": run nightly@1 has no such step`);
  }
});

projectTest("pipeline run --shard shares one run among the tasks of an array", async (it) => {
  const array = {
    SLURM_ARRAY_TASK_MIN: "5",
    SLURM_ARRAY_TASK_COUNT: "3",
    SLURM_ARRAY_JOB_ID: "71",
  };
  const tasks = [0, 1, 2].map((index) =>
    it.holdfast("pipeline run --shard auto", {
      env: { ...env, ...array, SLURM_ARRAY_TASK_ID: String(index + 5) },
    })
  );
  for (const [index, { code, out, err }] of (await Promise.all(tasks)).entries()) {
    assertEquals(code, 0, err);
    assertMatch(out, /^nightly@1 ok in [\d.]+s: 3 ran\n$/);
    assertStringIncludes(err, `shard ${index}/3 (Slurm, SLURM_ARRAY_TASK_ID) of array 71`);
  }
  await it.prints("versions model -q", "1.0.0\n");
  await it.each([
    ["pipeline run --shard 0/2", 2, "an id that all shards share"],
    ["pipeline run --shard auto", 2, "no scheduler variable is set"],
    ["pipeline run --shard 2/2 --array x", 2, "not INDEX/COUNT"],
    ["pipeline run --array x", 2, "--array needs --shard"],
    [
      "pipeline run --shard 0/2 --array x --engine local:",
      2,
      "--shard cannot be used with --engine",
    ],
    ["pipeline run --shard 0/2 --array x --fail-fast", 2, "would end only this process"],
  ], { env });
});
