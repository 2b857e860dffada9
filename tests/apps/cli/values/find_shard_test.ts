import { assertEquals, assertStringIncludes } from "@std/assert";
import { thrown } from "../../../core/thrown.ts";
import { shardFromEnvironment } from "../../../../apps/cli/values/find_shard.ts";

const found = (env: Record<string, string>) => {
  const { shard, from } = shardFromEnvironment({ env: (name) => env[name] }) ?? {};
  return shard && [`${shard.index}/${shard.count}`, from];
};

const SLURM = { SLURM_ARRAY_TASK_ID: "7", SLURM_ARRAY_TASK_MIN: "5", SLURM_ARRAY_TASK_COUNT: "4" };

Deno.test("the scheduler's variables define the shard, unless HOLDFAST_SHARD is set", () => {
  assertEquals(found({}), undefined);
  assertEquals(found(SLURM), ["2/4", "Slurm, SLURM_ARRAY_TASK_ID"]);
  const others: [Record<string, string>, string][] = [
    [{ JOB_COMPLETION_INDEX: "0", HOLDFAST_SHARDS: "3" }, "0/3"],
    [{ AWS_BATCH_JOB_ARRAY_INDEX: "1", AWS_BATCH_JOB_ARRAY_SIZE: "2" }, "1/2"],
    [{ CLOUD_RUN_TASK_INDEX: "0", CLOUD_RUN_TASK_COUNT: "1" }, "0/1"],
    [{ BATCH_TASK_INDEX: "9", BATCH_TASK_COUNT: "10" }, "9/10"],
    [{ CI_NODE_INDEX: "1", CI_NODE_TOTAL: "4" }, "0/4"],
  ];
  for (const [env, shard] of others) assertEquals(found(env)?.[0], shard);
  assertEquals(found({ ...SLURM, HOLDFAST_SHARD: "1/2" }), ["1/2", "HOLDFAST_SHARD"]);
});

Deno.test("inconsistent variables are refused: two processes could do the same work", () => {
  const gaps = { ...SLURM, SLURM_ARRAY_TASK_MIN: "1", SLURM_ARRAY_TASK_COUNT: "3" };
  const noCount = { JOB_COMPLETION_INDEX: "0" };
  assertStringIncludes(thrown("Invalid", () => found(noCount)).hint!, "HOLDFAST_SHARDS");
  const wrong = [gaps, noCount, { CI_NODE_INDEX: "0", CI_NODE_TOTAL: "4" }];
  for (const env of [...wrong, { BATCH_TASK_INDEX: "x", BATCH_TASK_COUNT: "4" }]) {
    thrown("Invalid", () => found(env as Record<string, string>));
  }
  thrown("Invalid", () => found({ HOLDFAST_SHARD: "4/4" }));
});

Deno.test("HOLDFAST_ARRAY or the scheduler defines the array id", () => {
  const array = (env: Record<string, string>) =>
    shardFromEnvironment({ env: (name) => env[name] })?.array;
  const slurm = { ...SLURM, SLURM_ARRAY_TASK_ID: "5" };
  assertEquals(array(slurm), undefined);
  assertEquals(array({ ...slurm, SLURM_ARRAY_JOB_ID: "17" }), "17");
  assertEquals(array({ ...slurm, SLURM_ARRAY_JOB_ID: "17", HOLDFAST_ARRAY: "mine" }), "mine");
  const batch = { AWS_BATCH_JOB_ARRAY_INDEX: "1", AWS_BATCH_JOB_ARRAY_SIZE: "2" };
  assertEquals(array({ ...batch, AWS_BATCH_JOB_ID: "6c7f-11:1" }), "6c7f-11");
  assertEquals(array({ HOLDFAST_SHARD: "0/2", HOLDFAST_ARRAY: "mine" }), "mine");
});
