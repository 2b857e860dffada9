// The shard of a process: as typed, or as a scheduler numbers its jobs.
import type { System } from "../../../mod.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Shard } from "../../../core/work/shards.ts";
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

/** Parses `2/8`, the third of eight shards. Throws `Invalid` for anything else. */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim()) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index !== undefined && shard.index < shard.count) return shard;
  const state = "not INDEX/COUNT";
  const hint = "Write 0/8 for the first of eight, 7/8 for the last.";
  throw invalid(`read shard ${shown(text)}`, state, hint);
}

/** @internal */
export interface FoundShard {
  shard: Shard;
  from: string;
  /** An id that all tasks of an array share, if the scheduler provides one. */
  array?: string;
}

/** Environment variables of a scheduler: index, count, first index (or a number), array id. */
interface Scheduler {
  name: string;
  index: string;
  count: string;
  first: string | number;
  array?: string;
}

/**
 * Sources: slurm.schedmd.com/job_array.html; kubernetes.io/docs/concepts/workloads/controllers/job
 * (no count: set HOLDFAST_SHARDS to the completions);
 * docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html;
 * cloud.google.com/run/docs/create-jobs; Google Batch, `taskEnvironments`;
 * docs.gitlab.com/ci/yaml/#parallel.
 */
const SCHEDULERS: readonly Scheduler[] = [
  {
    name: "Slurm",
    index: "SLURM_ARRAY_TASK_ID",
    count: "SLURM_ARRAY_TASK_COUNT",
    first: "SLURM_ARRAY_TASK_MIN",
    array: "SLURM_ARRAY_JOB_ID",
  },
  { name: "Kubernetes", index: "JOB_COMPLETION_INDEX", count: "HOLDFAST_SHARDS", first: 0 },
  {
    name: "AWS Batch",
    index: "AWS_BATCH_JOB_ARRAY_INDEX",
    count: "AWS_BATCH_JOB_ARRAY_SIZE",
    first: 0,
    array: "AWS_BATCH_JOB_ID", // <id of the array>:<index>
  },
  {
    name: "Cloud Run",
    index: "CLOUD_RUN_TASK_INDEX",
    count: "CLOUD_RUN_TASK_COUNT",
    first: 0,
    array: "CLOUD_RUN_EXECUTION",
  },
  { name: "Google Batch", index: "BATCH_TASK_INDEX", count: "BATCH_TASK_COUNT", first: 0 },
  {
    name: "GitLab",
    index: "CI_NODE_INDEX",
    count: "CI_NODE_TOTAL",
    first: 1,
    array: "CI_PIPELINE_ID",
  },
];

/**
 * Returns the shard of this process, by `HOLDFAST_SHARD` (`2/8`) or the scheduler: Slurm,
 * Kubernetes (with `HOLDFAST_SHARDS` set to the completions), AWS Batch, Cloud Run, Google Batch,
 * GitLab. `HOLDFAST_ARRAY` overrides the array id.
 *
 * @throws {RegistryError} `Invalid` for inconsistent variables
 */
export function shardFromEnvironment(system: Pick<System, "env">): FoundShard | undefined {
  const own = system.env("HOLDFAST_SHARD");
  const ownArray = system.env("HOLDFAST_ARRAY");
  const named = (shard: Shard, from: string, array?: string): FoundShard => ({
    shard,
    from,
    ...(ownArray || array ? { array: ownArray || array } : {}),
  });
  if (own) return named(parseShard(own), "HOLDFAST_SHARD");
  for (const scheduler of SCHEDULERS) {
    const index = system.env(scheduler.index);
    if (!index) continue;
    const array = scheduler.array && system.env(scheduler.array)?.split(":")[0];
    return named(shardOf(scheduler, index, system), `${scheduler.name}, ${scheduler.index}`, array);
  }
  return undefined;
}

function shardOf(
  { name, index: variable, count, first }: Scheduler,
  index: string,
  system: Pick<System, "env">,
): Shard {
  const total = system.env(count);
  const action = "detect shard index";
  if (!total) {
    throw invalid(action, `${name} sets ${variable}, but ${count} is not set`, `Set ${count}.`);
  }
  const from = typeof first === "number" ? first : Number(system.env(first) ?? 0);
  const shard = { index: Number(index) - from, count: Number(total) };
  const isWhole = Number.isSafeInteger(shard.index) && Number.isSafeInteger(shard.count);
  if (isWhole && shard.index >= 0 && shard.index < shard.count) return shard;
  throw invalid(
    action,
    `${variable} is ${shown(index)}, of ${shown(total)} from ${from}`,
    "Use array indices without gaps (0-7, not 1,3,7), or pass --shard INDEX/COUNT.",
  );
}
