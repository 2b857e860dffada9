import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { shardFromEnvironment } from "../../../core/work/shards.ts";

const found = (env: Record<string, string>) => {
  const { shard, from } = shardFromEnvironment({ env: (name) => env[name] }) ?? {};
  return shard && [`${shard.index}/${shard.count}`, from];
};

Deno.test("the schedulers of arrays say which shard this is, HOLDFAST_SHARD before them", () => {
  assertEquals(found({}), undefined);
  const slurm = {
    SLURM_ARRAY_TASK_ID: "7",
    SLURM_ARRAY_TASK_MIN: "5",
    SLURM_ARRAY_TASK_COUNT: "4",
  };
  assertEquals(found(slurm), ["2/4", "Slurm, SLURM_ARRAY_TASK_ID"]);
  assertEquals(found({ JOB_COMPLETION_INDEX: "0", HOLDFAST_SHARDS: "3" })?.[0], "0/3");
  assertEquals(
    found({ AWS_BATCH_JOB_ARRAY_INDEX: "1", AWS_BATCH_JOB_ARRAY_SIZE: "2" })?.[0],
    "1/2",
  );
  assertEquals(found({ CLOUD_RUN_TASK_INDEX: "0", CLOUD_RUN_TASK_COUNT: "1" })?.[0], "0/1");
  assertEquals(found({ BATCH_TASK_INDEX: "9", BATCH_TASK_COUNT: "10" })?.[0], "9/10");
  assertEquals(found({ CI_NODE_INDEX: "1", CI_NODE_TOTAL: "4" })?.[0], "0/4");
  assertEquals(found({ ...slurm, HOLDFAST_SHARD: "1/2" }), ["1/2", "HOLDFAST_SHARD"]);
});

Deno.test("what a scheduler cannot mean is refused: two processes might do the same part", () => {
  const gaps = { SLURM_ARRAY_TASK_ID: "7", SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_COUNT: "3" };
  assertThrows(() => found(gaps), RegistryError, "SLURM_ARRAY_TASK_ID is");
  const noCount = assertThrows(() => found({ JOB_COMPLETION_INDEX: "0" }), RegistryError);
  assertEquals(noCount.hint, "Set HOLDFAST_SHARDS to the number of tasks.");
  assertThrows(() => found({ CI_NODE_INDEX: "0", CI_NODE_TOTAL: "4" }), RegistryError);
  assertThrows(() => found({ BATCH_TASK_INDEX: "x", BATCH_TASK_COUNT: "4" }), RegistryError);
  assertThrows(() => found({ HOLDFAST_SHARD: "4/4" }), RegistryError);
});

Deno.test("tasks of one array say the same array, where their scheduler tells its id, or HOLDFAST_ARRAY does", () => {
  const array = (env: Record<string, string>) =>
    shardFromEnvironment({ env: (name) => env[name] })?.array;
  const slurm = {
    SLURM_ARRAY_TASK_ID: "0",
    SLURM_ARRAY_TASK_MIN: "0",
    SLURM_ARRAY_TASK_COUNT: "4",
  };
  assertEquals(array(slurm), undefined);
  assertEquals(array({ ...slurm, SLURM_ARRAY_JOB_ID: "17" }), "17");
  assertEquals(array({ ...slurm, SLURM_ARRAY_JOB_ID: "17", HOLDFAST_ARRAY: "mine" }), "mine");
  const batch = { AWS_BATCH_JOB_ARRAY_INDEX: "1", AWS_BATCH_JOB_ARRAY_SIZE: "2" };
  assertEquals(array({ ...batch, AWS_BATCH_JOB_ID: "6c7f-11:1" }), "6c7f-11");
  assertEquals(array({ HOLDFAST_SHARD: "0/2", HOLDFAST_ARRAY: "mine" }), "mine");
});
