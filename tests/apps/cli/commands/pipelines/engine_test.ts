import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../../core/system.ts";
import { ENGINE_VARIABLE, stepCommand } from "../../../../../apps/cli/pipelines/open_carrier.ts";
import { ownCommand } from "../../../../../apps/cli/pipelines/own_command.ts";
import { holdfast, succeeds } from "../../../captured_io.ts";
import { projectRoot } from "./project.ts";

/** What processes need to begin. */
const env = Object.fromEntries(
  ["PATH", "HOME", "DENO_DIR"].map((name) => [name, realSystem.env(name) ?? ""]),
);

Deno.test("pipeline run --engine carries each step as a process, with the same end", async () => {
  await using root = await projectRoot();
  const options = { cwd: root.path, env };
  const { code, out, err } = await holdfast(
    "pipeline run --engine local: --set variables.lr=0.7",
    options,
  );
  assertEquals(code, 0, err);
  assertMatch(out, /^nightly@1 ok in [\d.]+s: 3 ran\n$/);
  assertMatch(err, /^train {3}ran in [\d.]+s → model@1\.0\.0$/m);
  assertEquals(await succeeds("cat model@1 weights", options), "0.7");
  const failing = [
    "pipeline",
    "run",
    "--engine",
    "local:",
    "--set",
    "operators.train.params.fail=no data",
  ];
  const failed = await holdfast(failing, options);
  assertEquals(failed.code, 1);
  assertStringIncludes(failed.out, "\ntrain failed with 3 (logic): no data\n");
});

Deno.test("what does not go with an engine, or without one, is refused before anything is planned", async () => {
  await using root = await projectRoot();
  const refused = async (line: string, said: string, more: Record<string, string> = {}) => {
    const { code, err } = await holdfast(line, { cwd: root.path, env: { ...env, ...more } });
    assertEquals(code, 2, err);
    assertStringIncludes(err, said);
    assertEquals(err.includes("secret"), false, err);
  };
  await refused("pipeline run --detach", "--detach needs an engine");
  await refused(
    "pipeline run --engine local: --detach",
    "steps on this machine end with this command",
  );
  await refused("pipeline run --engine local: --keep", "--keep is of this machine");
  await refused("pipeline run --engine local: --concurrency 2", "--concurrency is of this machine");
  await refused("pipeline run --engine", `neither --engine nor ${ENGINE_VARIABLE} names one`);
  await refused(
    "pipeline run --engine redis://u:secret@127.0.0.1:1",
    "Cannot take a password by --engine",
  );
  await refused("pipeline run --engine kafka://h", "there is no such scheme");
  await refused("pipeline run --engine", "there is no such scheme", {
    [ENGINE_VARIABLE]: "kafka://u:secret@h",
  });
  await refused("worker --queue redis://u:secret@127.0.0.1:1", "Cannot take a password by --queue");
  await refused(
    "worker --queue postgres://127.0.0.1:1/db?password=secret",
    "Cannot take a password by --queue",
  );
  await refused("worker", `neither --queue nor ${ENGINE_VARIABLE} names one`);
  await refused("worker --queue local:", 'unknown scheme "local"');
  await refused("worker --queue memory:", "no other process could add any"); // it would wait for ever
  assertEquals(await succeeds("ls", { cwd: root.path }), "");
});

Deno.test("what a queue calls a step is never taken for an option", async () => {
  await using root = await projectRoot();
  const options = { cwd: root.path, env };
  await succeeds("pipeline run -q", options);
  for (
    const step of [
      "--root",
      "--operators=/tmp/other.ts",
      "--set=variables.lr=9",
      "--help",
      "--version",
    ]
  ) {
    const command = stepCommand({ run: "nightly@1", step }, {
      file: root.path,
      more: ["--set", "variables.lr=0.1"],
    });
    const { code, err } = await holdfast(command.slice(ownCommand().length), options);
    assertEquals([step, code], [step, 3], err);
    assertStringIncludes(err, `Cannot execute step "${step}": run nightly@1 has no such step`);
  }
});

Deno.test("pipeline run --shard shares one run among the tasks of an array", async () => {
  await using root = await projectRoot();
  const tasks = [0, 1, 2].map((index) =>
    holdfast("pipeline run --shard auto", {
      cwd: root.path,
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
    await succeeds("versions model", { cwd: root.path }).then((text) => text.split("\n").length),
    3,
    "one",
  );
  const refused = async (line: string, said: string) => {
    const { code, err } = await holdfast(line, { cwd: root.path, env });
    assertEquals(code, 2, err);
    assertStringIncludes(err, said);
  };
  await refused("pipeline run --shard 0/2", "nothing says which processes share the run");
  await refused("pipeline run --shard auto", "no variable of a scheduler says it");
  await refused("pipeline run --shard 2/2 --array x", "not INDEX/COUNT");
  await refused("pipeline run --array x", "--array goes with --shard");
  await refused(
    "pipeline run --shard 0/2 --array x --engine local:",
    "--shard and --engine both say",
  );
  await refused(
    "pipeline run --shard 0/2 --array x --fail-fast",
    "--fail-fast would end this process alone",
  );
});
