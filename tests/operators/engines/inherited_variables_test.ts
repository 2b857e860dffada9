import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import type { EngineStep } from "../../../operators/contract/engine.ts";
import { realSystem } from "../../../core/system.ts";
import { createLocalEngine } from "../../../operators/engines/local.ts";
import { createSlurmEngine } from "../../../operators/engines/slurm.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";
import { tempRoot, testInRoot } from "../../support/temp_root.ts";
import { untilState } from "../../conformance/engines.ts";

/** The variables of a process that is a shard of a step, in a Slurm job that is a task of an array. */
const OF_A_SHARD: Record<string, string> = {
  HOLDFAST_SHARD: "3/4",
  HOLDFAST_PROCESS: "mark-of-the-shard",
  SLURM_JOB_ID: "17",
  SLURM_ARRAY_TASK_ID: "3",
  SLURM_ARRAY_JOB_ID: "17",
  SLURM_CPUS_PER_TASK: "64",
  SLURM_RESTART_COUNT: "1",
  SBATCH_ARRAY_INX: "0-9",
  SBATCH_WAIT: "1",
  CUDA_VISIBLE_DEVICES: "5",
  MINE: "kept",
};

const systemOf = (variables: Record<string, string>) => ({
  ...realSystem,
  env: (name: string) => variables[name] ?? realSystem.env(name),
  envNames: () => [...new Set([...realSystem.envNames!(), ...Object.keys(variables)])],
});

const stepIn = (folder: string, name: string, more: Partial<EngineStep> = {}): EngineStep => ({
  run: "nightly@1",
  step: "after",
  name,
  command: ["sh", "-c", 'env > "seen-${HOLDFAST_SHARD%/*}"'],
  cwd: folder,
  env: {},
  resources: {},
  ...more,
});

/** Which of them a step sees, without the mark that the engine gives each job. */
async function seen(path: string): Promise<Record<string, string>> {
  const variables = Object.fromEntries(
    (await readFile(path, "utf8")).split("\n").map((line) => line.split(/=(.*)/s)),
  );
  const marked = OF_A_SHARD.HOLDFAST_PROCESS;
  if (variables.HOLDFAST_PROCESS?.includes(marked) === false) delete variables.HOLDFAST_PROCESS; // the job's mark
  const shown = Object.keys(OF_A_SHARD).filter((name) => variables[name] !== undefined);
  return Object.fromEntries(shown.map((name) => [name, variables[name]]));
}

testInRoot("local engine: a job does not inherit the shard of its submitter", async (root) => {
  const { HOLDFAST_SHARD, MINE } = OF_A_SHARD;
  await using engine = createLocalEngine({
    system: systemOf({ HOLDFAST_SHARD, MINE }),
  });
  const id = await engine.submit(stepIn(root.path, "after-1"));
  assertEquals((await untilState(engine, id)).state, "ended");
  assertEquals(await seen(root.join("seen-")), { MINE });
  const shards = await engine.submit(stepIn(root.path, "after-2", { shards: 2 }));
  assertEquals((await untilState(engine, shards)).state, "ended");
  assertEquals(await seen(root.join("seen-1")), { HOLDFAST_SHARD: "1/2", MINE });
});

programTest(
  "slurm engine: a job does not inherit variables of the submitting job",
  "slurm",
  async ({ shared }) => {
    const { env } = await shared();
    await using root = await tempRoot();
    await using engine = createSlurmEngine({ env, system: systemOf(OF_A_SHARD) });
    const id = await engine.submit(stepIn(root.path, "after-1"));
    assertEquals((await untilState(engine, id)).state, "ended");
    const { SLURM_JOB_ID: job, ...others } = await seen(root.join("seen-"));
    assertEquals([job === OF_A_SHARD.SLURM_JOB_ID, others], [false, { MINE: "kept" }]);
    const shards = await engine.submit(stepIn(root.path, "after-2", { shards: 2 }));
    assertEquals((await untilState(engine, shards)).state, "ended");
    const { HOLDFAST_SHARD, SLURM_ARRAY_TASK_ID, MINE } = await seen(root.join("seen-1"));
    assertEquals([HOLDFAST_SHARD, SLURM_ARRAY_TASK_ID, MINE], ["1/2", "1", "kept"]);
  },
);
