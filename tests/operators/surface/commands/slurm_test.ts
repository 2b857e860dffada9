import { assertEquals, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { readResult } from "../../../../operators/runner/mod.ts";
import { runDeno } from "../../../support/run_deno.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import { projectRoot } from "./project.ts";

const SECRET = "correct-horse-battery";

const PIPELINE = `
pipeline:
  pipeline_id: nightly
  operators:
    - operator_id: split
      shards: 2
      start_command: [sh, -c, 'echo "$HOLDFAST_SHARD" > "$OUTPUT_ROOT/$\${HOLDFAST_SHARD%/*}"']
    - operator_id: join
      inputs: { parts: step:split }
      extra_env_vars: { KEY: { from_env: DEPLOY_KEY } }
      start_command: [sh, -c, 'cat "$INPUT_ROOT"/* > "$OUTPUT_ROOT/all"; test "$KEY" = ${SECRET}']
    - operator_id: last
      upstream_dependencies: [join]
      start_command: [sh, -c, 'env > "$OUTPUT_ROOT/env"; env']
`;

programTest(
  "a detached run continues on Slurm, with its secrets",
  "slurm",
  async ({ shared }) => {
    const { env } = await shared();
    await using root = await projectRoot({ pipeline: PIPELINE });
    const { code, stderr } = await runDeno("apps/cli.ts", [
      "pipeline",
      "run",
      "--engine",
      "slurm:",
      "--detach",
    ], { cwd: root.path, permissions: ["-A"], env: { ...env, DEPLOY_KEY: SECRET } });
    assertEquals(code, 0, stderr);
    assertStringIncludes(
      stderr,
      "Submitted to slurm. Check it: holdfast pipeline status nightly@1",
    );
    await using registry = await openRegistry(root.join(".holdfast"), { create: false });
    const ended = (async () => {
      for (;;) {
        const result = await readResult(registry, "nightly@1");
        if (result !== undefined) return result;
        await realSystem.sleep(100);
      }
    })();
    const { end } = await withoutHanging("the end of the run", ended);
    assertEquals(end, "ok");
    const text = async (name: string, path: string) =>
      new TextDecoder().decode(await (await registry.open(name)).file(path).bytes());
    assertEquals(await text("nightly:output:join", "all"), "0/2\n1/2\n");
    const all = await text("nightly:output:last", "env") +
      await text("nightly:step:last", "log.txt");
    assertEquals([all.includes(SECRET), all.includes("DEPLOY_KEY")], [false, false]);
  },
);
