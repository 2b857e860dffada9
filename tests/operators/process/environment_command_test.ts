import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "@std/path";
import { realSystem } from "../../../core/system.ts";
import type { PipelineStep } from "../../../operators/contract/pipeline.ts";
import { openRegistry } from "../../../mod.ts";
import { createOperators, runCommand } from "../../../operators/mod.ts";
import { type RunEvent, runPipeline } from "../../../operators/runner/mod.ts";
import { findPython } from "../../support/numpy.ts";
import { type TempRoot, tempRoot, testInRoot } from "../../support/temp_root.ts";
import { pipeline, step } from "../runner/pipelines.ts";

/** Runs one command in an environment, and gives what it said. */
async function run(
  root: TempRoot,
  environment: PipelineStep["environment"],
  startCommand: string[],
  path = "",
) {
  await using registry = await openRegistry("memory:");
  const said: string[] = [];
  const onEvent = (event: RunEvent) =>
    void (event.type === "log" && said.push(`${event.level}: ${event.line}`));
  const env = (name: string) =>
    name === "PATH" ? `${path}${realSystem.env("PATH")}` : realSystem.env(name);
  const one = step("train", { runAs: "command", startCommand, environment });
  const { steps } = await runPipeline(pipeline([one]), {
    registry,
    operators: createOperators(),
    root: root.path,
    onEvent,
    system: { ...realSystem, env },
  });
  return { ...steps.train, said };
}

async function program(root: TempRoot, path: string, script: string): Promise<void> {
  await Deno.mkdir(dirname(root.join(path)), { recursive: true });
  await Deno.writeTextFile(root.join(path), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

testInRoot("a command finds programs of its environment first", async (root) => {
  await program(root, ".venv/bin/python", 'echo "own python $VIRTUAL_ENV $*"');
  await Deno.writeTextFile(root.join(".venv/pyvenv.cfg"), "");
  const { end, said } = await run(root, { kind: "uv" }, ["python", "train.py"]);
  assertEquals([end, said], ["ran", [`stdout: own python ${root.join(".venv")} train.py`]]);
});

testInRoot("a missing environment ends with 5 and a hint", async (root) => {
  const { exitCode, reason, hint } = await run(root, { kind: "uv" }, ["true"]);
  assertEquals(exitCode, 5);
  assertStringIncludes(reason!, "not found in");
  assertStringIncludes(hint!, "uv venv");
});

const python = await findPython("venv");

Deno.test(
  { name: "python sees its virtual environment", ignore: python === undefined },
  async () => {
    await using root = await tempRoot();
    await runCommand([python!, "-m", "venv", "--without-pip", root.join("trainer/.venv")], {
      cwd: root.path,
    });
    const { said } = await run(root, { kind: "uv", name: "trainer" }, [
      "python",
      "-c",
      "import sys; print(sys.prefix)",
    ]);
    assertEquals(said, [`stdout: ${root.join("trainer/.venv")}`]);
  },
);

const uv = realSystem.env("HOLDFAST_UV");

Deno.test(
  { name: "uv run does not change an environment", ignore: uv === undefined },
  async () => {
    await using root = await tempRoot();
    const project = '[project]\nname = "trainer"\nversion = "1"\nrequires-python = ">=3.8"\n';
    await Deno.mkdir(root.join("trainer"));
    await Deno.writeTextFile(root.join("trainer/pyproject.toml"), project);
    const path = `${dirname(uv!)}:`;
    const show = ["uv", "run", "python", "-c", "import sys; print(sys.prefix)"];
    const missing = await run(root, { kind: "uv", name: "trainer" }, show, path);
    assertStringIncludes(missing.hint!, `uv sync --project ${root.join("trainer")}`);
    const made = await run(root, { kind: "plain" }, ["uv", "sync", "--project", "trainer"], path);
    assertEquals(made.end, "ran", JSON.stringify(made));
    await Deno.writeTextFile(
      root.join("trainer/pyproject.toml"),
      `${project}dependencies = ["no-such-package-here"]\n`,
    );
    const again = await run(root, { kind: "uv", name: "trainer" }, show, path);
    assertEquals(
      [again.end, again.said.at(-1)],
      ["ran", `stdout: ${root.join("trainer/.venv")}`],
      JSON.stringify(again),
    );
  },
);
