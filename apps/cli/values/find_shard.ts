// The shard of a process.
import type { System } from "../../../mod.ts";
import { type FoundShard, parseShard, shardFromEnvironment } from "../../../core/work/shards.ts";
import { invalid } from "../terminal/hints.ts";

/** Parses `--shard`; detects it from the scheduler for `auto`. */
export function findShard(typed: string, system: System): FoundShard {
  if (typed !== "auto") {
    return { shard: parseShard(typed), from: "--shard", array: system.env("HOLDFAST_ARRAY") };
  }
  const shard = shardFromEnvironment(system);
  if (shard !== undefined) return shard;
  throw invalid(
    "detect the shard of this process",
    "no scheduler variable is set (such as SLURM_ARRAY_TASK_ID)",
    "Pass --shard 0/8 or HOLDFAST_SHARD=0/8, or run it as a task of an array.",
  );
}
