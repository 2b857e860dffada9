// A pipeline as it is run: merged, checked, with all defaults applied.
import type { Resources } from "./engine.ts";
import type { PlainValue } from "../../materializers/mod.ts";

export type { Resources } from "./engine.ts";

/** A pipeline. */
export interface Pipeline {
  /** Prefix of its records and outputs in the registry. Ids have letters, digits, `_`, `-`, `.`. */
  id: string;
  nodes: PipelineNode[];
  /** Steps in the order of the configuration. Every upstream step is one of them; no cycles. */
  steps: PipelineStep[];
  /** Folder of runs in progress, relative to the configuration's. @default ".holdfast-runs" */
  workDir: string;
  log: LogConfig;
  /** Module that exports `operators`, relative to the configuration. Never set by an override. */
  operatorsModule?: string;
}

/** Logging of a run. */
export interface LogConfig {
  /** The lowest level that is logged. @default "info" */
  level: "debug" | "info" | "warn" | "error";
  file?: string;
}

/** A node that steps run on. */
export interface PipelineNode {
  id: string;
  /** Maximum number of steps at once. @default 1 in a file with nodes, else the number of cores */
  runnerCount: number;
  resources: Resources;
}

/** The environment of a command: activated, and never installed. */
export interface EnvironmentConfig {
  kind: "plain" | "uv";
  /** Folder of the project, or of a virtual environment. */
  name?: string;
}

/**
 * Value of an environment variable: a string, or the name of a variable of the runner that has a
 * secret.
 */
export type EnvironmentValue = string | { from_env: string };

/** A kind of change that makes a step run again. */
export type RerunCause = "inputs" | "params" | "code";

// Another place is a change of `config/build.ts`, `check_steps.ts` and `schema.ts` (then
// `deno task schema`), `runner/step/run_attempt.ts`, `runner/fingerprint.ts` and
// `monitor/watch_step.ts`.
/** The place where a step runs: on the runner's thread, or as a process. */
export type RunAs = "thread" | "command";

/** A step of a pipeline. */
export interface PipelineStep {
  /** Unique in the pipeline. @default the operator's */
  id: string;
  operator: string;
  /** Version of the operator's configuration, `v1.0`: a part of its code. */
  version: string;
  node: string;
  /** Steps that must succeed first. */
  upstream: string[];
  /** Parameters. An object `{ from_env: NAME }` is a secret. */
  params: Record<string, PlainValue>;
  /**
   * Inputs by name: `registry:data:raw@^1`, `step:clean`, `step:clean.report` (an output of a
   * step), `s3://…`, or a path. Without inputs, a step reads the outputs of its upstream steps.
   */
  inputs: Record<string, string>;
  /**
   * Outputs: a path below the output root, or `.` for all of it, and its destination:
   * `registry:data:clean`, `s3://…`, or a path. Without outputs, the whole output root is saved as
   * `<pipeline>:output:<step>`.
   */
  outputs: Record<string, string>;
  /**
   * Files below the output root whose values become metadata of the outputs, or patterns:
   * `metrics.json`, `*.jsonl`. @default none
   */
  metrics?: string[];
  startCommand?: string[];
  /** @default "command" with a start command, else "thread" */
  runAs: RunAs;
  /** Time limit, milliseconds. @default never */
  timeoutMs?: number;
  retries: RetryConfig;
  /** Variables added to those of the runner, with secrets still encoded. */
  env: Record<string, EnvironmentValue>;
  /** Environment of its command. @default `{ kind: "plain" }` */
  environment: EnvironmentConfig;
  /** Source of its code: recorded, never fetched. */
  git?: { repo: string; tag?: string };
  /** Number of processes that share it, each with its `Shard`, and write one version. @default 1 */
  shards: number;
  /** Changes that make it run again. @default all of them */
  rerun: RerunCause[];
  /** Requested resources and limits. @default those of its node */
  resources: Resources;
}

/** Retries of a failed step. */
export interface RetryConfig {
  /** Number of attempts, including the first. @default 1 */
  attempts: number;
  /** Wait before the second attempt, doubled from then on, milliseconds. @default 1000 */
  backoffMs: number;
  /**
   * Exit codes that are retried. @default 3, 4 and 5, and any exit code of a command itself: 1 and
   * 2 of a function, or of a step that could not begin, are a wrong configuration or input
   */
  exitCodes?: number[];
}
