// What a run works with, wherever its steps are executed.
import { join, resolve } from "@std/path";
import { encodeName } from "../../core/naming/names.ts";
import type { Executor } from "../../core/executor.ts";
import { checkToolOptions } from "../../core/options/check_options.ts";
import type { OperatorJobs } from "../contract/operator.ts";
import type { Shard } from "../../core/work/shards.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import type { Logger, Registry } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import type { Operators } from "../operator_set.ts";
import type { KnownDigests } from "./digest_of_path.ts";
import type { PipelineSecrets } from "./secrets.ts";
import type { Dependencies } from "./sources.ts";
import { parseRunId } from "./records/names.ts";
import type { RunEvent } from "./events.ts";

/** Where objects of buckets are read and written: a set of S3 configurations is one. */
export interface ObjectTransfer {
  upload(data: { path: string }, url: string, options?: { signal?: AbortSignal }): Promise<unknown>;
  /** Writes an object to a file. `NotFound` where there is none. */
  download(
    url: string,
    options: { to: string; signal?: AbortSignal },
  ): Promise<{ path: string; size: number }>;
  /** Size and tag of an object, which is not read. `NotFound` where there is none. */
  info(
    url: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ size: number; modifiedAt: number; etag?: string }>;
  list(
    url: string,
    options?: { signal?: AbortSignal },
  ): AsyncIterable<{ url: string; size: number; modifiedAt: number; etag?: string }>;
}

/** What planning and running are given. */
export interface RunnerOptions {
  /** Where inputs, outputs and records are. It must have versions. */
  registry: Registry;
  operators: Operators;
  /** The folder that relative paths of the configuration begin at. @default the current one */
  root?: string;
  /** Where `s3://` URLs and their relatives are read and written. @default such a step is refused */
  s3?: ObjectTransfer;
  /** Runs operators of steps with `run_as: worker`. @default such a step is refused */
  executor?: Executor<OperatorJobs>;
  /** Clock, ids, sleep, environment. @default the real ones */
  system?: System;
  signal?: AbortSignal;
}

/** Options of all that have to do with a run: programs give several of them the same ones. */
const RUN_OPTIONS: Readonly<Record<string, true>> = {
  ...{ registry: true, operators: true, root: true, s3: true, executor: true, system: true },
  ...{ signal: true, force: true, steps: true, onEvent: true, failFast: true, concurrency: true },
  ...{ keep: true, machine: true, logger: true, onRun: true, carry: true, run: true, step: true },
  ...{ shard: true, array: true },
};

/** Throws `Invalid` for options that nobody knows, and for those that are missing. */
export function checkRunOptions<O extends RunnerOptions>(
  action: string,
  options: O,
  required: readonly string[] = [],
): O {
  const names = ["registry", "operators", ...required];
  return checkToolOptions(action, options?.registry, options, RUN_OPTIONS, names);
}

export interface RunContext
  extends Required<Pick<RunnerOptions, "registry" | "operators" | "root" | "system">> {
  readonly pipeline: Pipeline;
  readonly dependencies: Dependencies;
  /** `my_pipeline@3`. */
  readonly run: string;
  readonly s3?: ObjectTransfer;
  readonly executor?: Executor<OperatorJobs>;
  readonly shard?: Shard;
  /** The variables that only some steps get, and the values that no log may show. */
  readonly secrets: PipelineSecrets;
  readonly digests: KnownDigests;
  /** Where its steps work, absolute. */
  readonly folder: string;
  /** Names this process: the folders of its steps end with that, so that others see whether it still runs. */
  readonly owner: string;
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  tell(event: RunEvent): void;
}

/** The folder of a run, absolute: its steps work in it, and its merged configuration lies there. */
export function runFolder(
  { workDir }: Pick<Pipeline, "workDir">,
  { run, root }: { run: string; root: string },
): string {
  const { pipeline, number } = parseRunId(run);
  return join(resolve(root, workDir), encodeName(pipeline), String(number));
}
