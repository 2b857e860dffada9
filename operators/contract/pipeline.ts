// A pipeline as it is run: what configuration files and programs say, merged, checked and with
// every default in place.
import type { Resources } from "../../core/engine.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

export type { Resources } from "../../core/engine.ts";

/** A pipeline. */
export interface Pipeline {
  /** Names it; what it leaves in the registry begins with it. Letters, digits, `_`, `-` and dots, as for all ids. */
  id: string;
  nodes: PipelineNode[];
  /** What it does, in the order of the configuration. Every upstream step is one of them, and there is no cycle. */
  steps: PipelineStep[];
  /** Folder of runs in progress; relative to the configuration's folder. @default ".holdfast-runs" */
  workDir: string;
  log: LogConfig;
  /** The module whose `operators` are the set: a path relative to the configuration's folder. Never from an override. */
  operatorsModule?: string;
}

/** What is logged. */
export interface LogConfig {
  /** The least that is told. @default "info" */
  level: "debug" | "info" | "warn" | "error";
  file?: string;
}

/** A place where steps run. */
export interface PipelineNode {
  id: string;
  /** How many of its steps run at once, at least 1. @default 1 in a file that names nodes, else as many as there are cores */
  runnerCount: number;
  resources: Resources;
}

/** An environment that a command runs in: activated, never installed unless `install`. */
export interface EnvironmentConfig {
  kind: "plain" | "uv" | "pixi" | "conda";
  name?: string;
  /** Whether it may be made or brought up to date first. @default false */
  install: boolean;
}

/**
 * The value of a variable: a text, where `base64://…` is a secret that is decoded when the step starts, or the variable
 * of whoever starts it that has a secret.
 */
export type EnvironmentValue = string | { from_env: string };

/** What counts as a change of a step. */
export type RerunCause = "inputs" | "params" | "code";

/** Where a step runs: on the thread of its runner, on one of its own, or as a process. */
export type RunAs = "thread" | "worker" | "command";

/** A step of a pipeline: an operator in its place. */
export interface PipelineStep {
  /** Its id, unique in the pipeline: the operator's, unless the configuration gives another. */
  id: string;
  operator: string;
  /** Version of the operator's configuration, `v1.0`: part of what counts as its code. */
  version: string;
  node: string;
  /** Steps that must have ended well before. */
  upstream: string[];
  /** What the operator is given. A text `base64://…` and an object `{ from_env: NAME }` in it are secrets. */
  params: Record<string, PlainValue>;
  /**
   * What it reads, by name: `registry:data:raw@^1`, `step:clean` or `step:clean.report` (an upstream step's output),
   * `s3://…` and its relatives, or a path. A step without inputs reads the outputs of its upstream steps.
   */
  inputs: Record<string, string>;
  /**
   * Where each output goes: `registry:data:clean`, `s3://…`, or a path. The key is a path below the output root, or `.`
   * for all of it. A step without outputs keeps all of it in the registry, as `<pipeline>:output:<step>`.
   */
  outputs: Record<string, string>;
  startCommand?: string[];
  /** Where it runs. @default "command" with a start command, else "thread" */
  runAs: RunAs;
  /** It is ended after so many milliseconds. @default never */
  timeoutMs?: number;
  retries: RetryConfig;
  /** Variables besides those of the runner. Secrets are not decoded: see {@linkcode EnvironmentValue}. */
  env: Record<string, EnvironmentValue>;
  /** What a command runs in. @default `{ kind: "plain", install: false }` */
  environment: EnvironmentConfig;
  /** Where its code is from: recorded, never fetched. */
  git?: { repo: string; tag?: string };
  /** How many processes share it, each with its `Shard`; they write one version together. @default 1 */
  shards: number;
  /** What makes it run again. @default all of them */
  rerun: RerunCause[];
  /** What it asks for and may take at most. @default what its node says */
  resources: Resources;
}

/** What happens after a failure of a step. */
export interface RetryConfig {
  /** How often it is tried, the first time included. @default 1 */
  attempts: number;
  /** How long is waited before the second time, doubled from then on, milliseconds. @default 1000 */
  backoffMs: number;
  /** Exit codes after which it is tried again. @default 3, 4 and 5: configuration and input stay wrong */
  exitCodes: number[];
}
