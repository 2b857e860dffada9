import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../../core/system.ts";
import { ENGINE_VARIABLE, stepCommand } from "../../../../../apps/cli/pipelines/open_carrier.ts";
import { ownCommand } from "../../../../../apps/cli/pipelines/open_carrier.ts";
import { holdfast, succeeds } from "../../../captured_io.ts";
import { projectTest } from "./project.ts";

/** What processes need to begin. */
const env = Object.fromEntries(
  ["PATH", "HOME", "DENO_DIR"].map((name) => [name, realSystem.env(name) ?? ""]),
);

projectTest("pipeline run --engine runs each step as a process", async (it) => {
  const options = { cwd: it.cwd, env };
  const { code, out, err } = await it.holdfast(
    "pipeline run --engine local: --set variables.lr=0.7",
    options,
  );
  assertEquals(code, 0, err);
  assertMatch(out, /^nightly@1 ok in [\d.]+s: 3 ran\n$/);
  assertMatch(err, /^train {3}ran in [\d.]+s → model@1\.0\.0$/m);
  await it.prints("cat model@1 weights", "0.7", options);
  const failing = [
    "pipeline",
    "run",
    "--engine",
    "local:",
    "--set",
    "operators.train.params.fail=no data",
  ];
  const failed = await it.holdfast(failing, options);
  assertEquals(failed.code, 1);
  assertStringIncludes(failed.out, "\ntrain failed with 3 (logic): no data\n");
});

projectTest("engine options that conflict are refused", async (it) => {
  const refused = async (line: string, said: string, more: Record<string, string> = {}) => {
    const { code, err } = await it.holdfast(line, { cwd: it.cwd, env: { ...env, ...more } });
    assertEquals(code, 2, err);
    assertStringIncludes(err, said);
    assertEquals(err.includes("secret"), false, err);
  };
  await refused("pipeline run --detach", "--detach needs an engine");
  await refused(
    "pipeline run --engine local: --detach",
    "steps of a local engine end with this command",
  );
  await refused("pipeline run --engine local: --keep", "--keep excludes --engine");
  await refused("pipeline run --engine local: --concurrency 2", "--concurrency excludes --engine");
  await refused("pipeline run --engine", `neither --engine nor ${ENGINE_VARIABLE} is set`);
  await refused(
    "pipeline run --engine redis://u:secret@127.0.0.1:1",
    "Cannot take a password from --engine",
  );
  await refused("pipeline run --engine kafka://h", "there is no such scheme");
  await refused("pipeline run --engine", "there is no such scheme", {
    [ENGINE_VARIABLE]: "kafka://u:secret@h",
  });
  await refused(
    "worker --queue redis://u:secret@127.0.0.1:1",
    "Cannot take a password from --queue",
  );
  await refused(
    "worker --queue postgres://127.0.0.1:1/db?password=secret",
    "Cannot take a password from --queue",
  );
  await refused("worker", `neither --queue nor ${ENGINE_VARIABLE} is set`);
  await refused("worker --queue local:", "there is no scheme local");
  await refused("worker --queue memory:", "no other process can add"); // it would wait for ever
  await it.prints("ls", "");
});

projectTest("names from a queue are never options", async (it) => {
  const options = { cwd: it.cwd, env };
  await it.succeeds("pipeline run -q", options);
  for (
    const step of [
      "--it.root",
      "--operators=/tmp/other.ts",
      "--set=variables.lr=9",
      "--help",
      "--version",
    ]
  ) {
    const command = stepCommand({ run: "nightly@1", step }, {
      file: it.cwd,
      more: ["--set", "variables.lr=0.1"],
    });
    const { code, err } = await it.holdfast(command.slice(ownCommand().length), options);
    assertEquals([step, code], [step, 3], err);
    assertStringIncludes(err, `Cannot execute step "${step}": run nightly@1 has no such step`);
  }
});

projectTest("pipeline run --shard shares one run among the tasks of an array", async (it) => {
  const tasks = [0, 1, 2].map((index) =>
    it.holdfast("pipeline run --shard auto", {
      cwd: it.cwd,
      env: {
        ...env,
        SLURM_ARRAY_TASK_ID: String(index + 5),
        SLURM_ARRAY_TASK_MIN: "5",
        SLURM_ARRAY_TASK_COUNT: "3",
        SLURM_ARRAY_JOB_ID: "71",
      },
    })
  );
  for (const [index, { code, out, err }] of (await Promise.all(tasks)).entries()) {
    assertEquals(code, 0, err);
    assertMatch(out, /^nightly@1 ok in [\d.]+s: 3 ran\n$/);
    assertStringIncludes(err, `shard ${index}/3 (Slurm, SLURM_ARRAY_TASK_ID) of array 71`);
  }
  assertEquals(
    await it.succeeds("versions model").then((text) => text.split("\n").length),
    3,
    "one",
  );
  const refused = async (line: string, said: string) => {
    await it.fails(line, 2, said, { cwd: it.cwd, env });
  };
  await refused("pipeline run --shard 0/2", "no id identifies the processes");
  await refused("pipeline run --shard auto", "no scheduler variable is set");
  await refused("pipeline run --shard 2/2 --array x", "it is not INDEX/COUNT");
  await refused("pipeline run --array x", "--array needs --shard");
  await refused("pipeline run --shard 0/2 --array x --engine local:", "--shard excludes --engine");
  await refused(
    "pipeline run --shard 0/2 --array x --fail-fast",
    "--fail-fast would end only this process",
  );
});
