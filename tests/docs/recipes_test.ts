// The recipe for CI, as a runner executes its steps: each in a shell of its own, with the variables
// that earlier ones wrote.
import { assertEquals } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { parse } from "npm:yaml@^2.9";
import { realSystem } from "../../core/system.ts";
import { localPath, openRegistry } from "../../mod.ts";
import { LOADS_LATE, REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";

const TRAIN = `#!/bin/sh\nmkdir "$2" && cp "$1/rows.csv" "$2/model"\n`;

Deno.test("the recipe for CI records the version that it downloaded, and a rerun saves nothing", async () => {
  await using root = await tempRoot();
  const store = root.join("registry");
  await using registry = await openRegistry(store);
  await mkdir(root.join("raw"));
  for (const version of ["1.2.0", "1.3.0", "2.0.0"]) {
    await writeFile(root.join("raw/rows.csv"), version);
    await registry.save("data:trips", localPath(root.join("raw")), { version });
  }
  for (const run of ["first", "rerun"]) {
    const folder = root.join(run);
    await mkdir(folder);
    await writeFile(join(folder, "train.sh"), TRAIN, { mode: 0o755 });
    await runSteps(folder, store);
  }
  assertEquals((await Array.fromAsync(registry.versions("trips:model"))).length, 1);
  const { inputs, version } = await registry.info("trips:model@candidate");
  assertEquals([version, inputs], ["1.0.0", ["data:trips@1.3.0"]]);
});

/** Runs the steps of the recipe, but for the one that installs the command. */
async function runSteps(folder: string, registry: string): Promise<void> {
  const page = await readFile(join(REPOSITORY, "docs/how_to.md"), "utf8");
  const { steps } = parse(/^## Use it in CI$[^]*?^```yaml\n([^]*?)^```$/m.exec(page)![1]);
  const command = [Deno.execPath(), "run", "-A", LOADS_LATE, "--quiet"];
  const program = [...command, `--config=${REPOSITORY}deno.json`, `${REPOSITORY}apps/cli.ts`];
  const holdfast = `holdfast() { ${program.map((word) => `'${word}'`).join(" ")} "$@"; }`;
  for (const { run } of steps as { run: string }[]) {
    if (run.startsWith("npm install")) continue;
    const shell = new Deno.Command("bash", {
      args: ["-e", "-c", `set -a; [ ! -e vars ] || . ./vars; set +a; ${holdfast}\n${run}`],
      cwd: folder,
      clearEnv: true,
      env: {
        DENO_DIR: realSystem.env("DENO_DIR") ?? "",
        GITHUB_ENV: "vars",
        GITHUB_RUN_ID: "17",
        HOLDFAST_REGISTRY: registry,
        HOME: realSystem.env("HOME") ?? "",
        PATH: realSystem.env("PATH") ?? "",
      },
    });
    const { success, stderr } = await shell.output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""], run);
  }
}
