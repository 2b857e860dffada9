import { assert, assertEquals, assertMatch } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { runDeno, spawnDeno } from "../../../support/run_deno.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import type { TempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { OPERATORS_DOOR, projectRoot } from "./project.ts";

const SECRETS = { DEPLOY_KEY: "correct-horse-battery", HOLDFAST_TOKEN: "token-of-the-service" };

const PIPELINE = `
pipeline:
  pipeline_id: nightly
  operators_module: ./operators.ts
  operators:
    - { operator_id: asks, operator: tell, extra_env_vars: { KEY: { from_env: DEPLOY_KEY } } }
    - { operator_id: thread, operator: tell }
    - { operator_id: command, start_command: [sh, -c, 'env > "$OUTPUT_ROOT/seen"; env'] }
    - operator_id: calls
      extra_env_vars: { HOLDFAST_TOKEN: { from_env: HOLDFAST_TOKEN } }
      start_command: [sh, -c, 'test "$HOLDFAST_TOKEN" = ${SECRETS.HOLDFAST_TOKEN} && touch "$OUTPUT_ROOT/seen"']
`;

/** The variables that an operator in the runner's process can see, and those that its children inherit. */
const OPERATORS = `
import { createOperators } from ${JSON.stringify(OPERATORS_DOOR)};
export const operators = createOperators({
  tell: {
    async run({ outputRoot, env, logger }) {
      const child = new TextDecoder().decode((await new Deno.Command("env").output()).stdout);
      const { KEY: _, ...own } = env;
      const seen = JSON.stringify([Deno.env.toObject(), own, child, Object.keys(env)]);
      logger.info(seen);
      await Deno.writeTextFile(outputRoot + "/seen", seen);
    },
    command: () => ["true"],
  },
});
`;

/** Runs the pipeline in a project, and looks for the secrets in all that it printed and stored. */
async function checkRun(
  root: TempRoot,
  engine: string[],
  env: Record<string, string>,
): Promise<void> {
  const { code, stdout, stderr } = await runDeno("apps/cli.ts", [
    "pipeline",
    "run",
    "--verbose",
    ...engine,
  ], { cwd: root.path, permissions: ["-A"], env });
  assertEquals(code, 0, stdout + stderr);
  assertMatch(stdout, /4 ran/);
  await using registry = await openRegistry(root.join(".holdfast"), { create: false });
  const kept = [stdout, stderr];
  let seen = 0;
  for await (const name of registry.names()) {
    for (const file of (await registry.open(name)).files()) {
      kept.push(`${name} ${file.info.path}: ${new TextDecoder().decode(await file.bytes())}`);
      if (file.info.path === "seen") seen++;
    }
  }
  assertEquals(seen, 4);
  for (const secret of Object.values(SECRETS)) {
    const shown = kept.filter((text) => text.includes(secret) && !text.startsWith("nightly:run "));
    assert(shown.length === 0, `${secret} is in ${shown.map((text) => text.slice(0, 60))}`);
  }
}

for (const engine of [[], ["--engine", "local:"]]) {
  Deno.test(`no step sees a secret that it does not ask for (${engine[1] ?? "this process"})`, async () => {
    await using root = await projectRoot({ pipeline: PIPELINE, operators: OPERATORS });
    await checkRun(root, engine, SECRETS);
  });
}

programTest(
  "no step sees a secret that it does not ask for",
  ["redis", "postgres", "slurm"],
  async ({ shared, kind }) => {
    const server = await shared();
    await using root = await projectRoot({ pipeline: PIPELINE, operators: OPERATORS });
    const engine = kind === "slurm" ? "slurm:" : `${server.url}?queue=secrets-${kind}`;
    const env = { ...SECRETS, ...server.env, HOLDFAST_ENGINE: engine };
    const options = { cwd: root.path, permissions: ["-A"], env };
    const worker = kind === "slurm"
      ? undefined
      : watchProcess(spawnDeno("apps/cli.ts", ["worker"], options));
    try {
      await worker?.until(() => worker.stderr.includes("taking steps"));
      await checkRun(root, ["--engine"], env);
    } finally {
      await worker?.stop("SIGKILL");
    }
  },
);
