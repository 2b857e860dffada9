// Sharing work among processes that do not know of each other: each does its part, and together
// they do all of it.
import { sha256 } from "../bytes/digest.ts";
import { fault } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { System } from "../system.ts";

/** Which part of a step that several processes share this one does. */
export interface Shard {
  /** From 0. */
  index: number;
  /** How many there are, at least 1. */
  count: number;
}

/**
 * Reads `2/8`: part 2 of 8, the first of which is 0.
 *
 * @throws {RegistryError} `Invalid` for anything else
 */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim()) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index !== undefined && shard.index < shard.count) return shard;
  throw fault({
    code: "Invalid",
    action: "read shard",
    subject: shown(text),
    state: "it is not INDEX/COUNT",
    hint: "The first of eight is 0/8, the last 7/8.",
  });
}

/** Whether a thing belongs to a shard, by its key alone: all who share the work agree, in whatever order it comes. */
export function isOfShard(key: string, { index, count }: Shard): boolean {
  return Number.parseInt(sha256(key).slice(0, 12), 16) % count === index;
}

/** A shard, and the variable that says so. */
export interface FoundShard {
  shard: Shard;
  from: string;
  /** What all tasks of this array have in common, and those of no other; undefined where nothing says so. */
  array?: string;
}

/** What an array scheduler tells each of its tasks: index, how many there are, and what the first is. */
interface Scheduler {
  name: string;
  index: string;
  count: string;
  first: string | number;
  array?: string;
}

/**
 * Sources: slurm.schedmd.com/job_array.html; kubernetes.io/docs/concepts/workloads/controllers/job (which tells no
 * count: HOLDFAST_SHARDS is to be set to the completions); docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html;
 * cloud.google.com/run/docs/create-jobs; Google Batch, `taskEnvironments`; docs.gitlab.com/ci/yaml/#parallel.
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
 * The part of this process, as `HOLDFAST_SHARD` (`2/8`) or the scheduler of an array says: Slurm, Kubernetes (with
 * `HOLDFAST_SHARDS` set to the completions), AWS Batch, Cloud Run, Google Batch, GitLab. `HOLDFAST_ARRAY` is the array
 * where the scheduler tells no id of it, or another one is meant.
 *
 * @returns undefined where none says anything
 * @throws {RegistryError} `Invalid` where one says what cannot be: better than two that do the same part
 */
export function shardFromEnvironment(system: Pick<System, "env">): FoundShard | undefined {
  const own = system.env("HOLDFAST_SHARD");
  const ownArray = system.env("HOLDFAST_ARRAY");
  const found = (shard: Shard, from: string, array?: string): FoundShard => ({
    ...{ shard, from },
    ...(ownArray || array ? { array: ownArray || array } : {}),
  });
  if (own) return found(parseShard(own), "HOLDFAST_SHARD");
  for (const scheduler of SCHEDULERS) {
    const index = system.env(scheduler.index);
    if (!index) continue;
    const array = scheduler.array && system.env(scheduler.array)?.split(":")[0];
    return found(shardOf(scheduler, index, system), `${scheduler.name}, ${scheduler.index}`, array);
  }
  return undefined;
}

function shardOf(
  { name, index: variable, count, first }: Scheduler,
  index: string,
  system: Pick<System, "env">,
): Shard {
  const total = system.env(count);
  if (!total) {
    throw fault({
      code: "Invalid",
      action: "tell the shard of this process",
      state: `${name} says which it is, and nothing how many there are`,
      hint: `Set ${count} to the number of tasks.`,
    });
  }
  const from = typeof first === "number" ? first : Number(system.env(first) ?? 0);
  const shard = { index: Number(index) - from, count: Number(total) };
  const isWhole = Number.isSafeInteger(shard.index) && Number.isSafeInteger(shard.count);
  if (isWhole && shard.index >= 0 && shard.index < shard.count) return shard;
  throw fault({
    code: "Invalid",
    action: "tell the shard of this process",
    state: `${variable} is ${shown(index)}, of ${shown(total)} from ${from}`,
    hint:
      "Indices of the array have to follow one another without gaps: 0-7, not 1,3,7. Or give --shard INDEX/COUNT.",
  });
}
