// A pipeline as a program writes it: the keys of a file, see `docs/pipelines.md`.
import type {
  EnvironmentConfig,
  EnvironmentValue,
  LogConfig,
  RerunCause,
  RunAs,
} from "../contract/pipeline.ts";
import type { System } from "../../core/system.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

/** What `resource` says: cores as `2` or `500m`, sizes as `4Gi`. */
export interface ResourceDefinition {
  cpu_request?: number | string;
  cpu_limit?: number | string;
  memory_request?: number | string;
  memory_limit?: number | string;
  gpu_request?: number;
  gpu_limit?: number;
}

/** What `resource` of an operator says. */
export interface OperatorResourceDefinition extends ResourceDefinition {
  /** Room that is to be free on the disk of the run before it begins: `10Gi`. */
  disk_request?: number | string;
  disk_limit?: number | string;
}

/** The environment that commands run in. */
export interface EnvironmentDefinition {
  kind: EnvironmentConfig["kind"];
  name?: string;
  /** Whether it may be made or brought up to date first. @default false */
  install?: boolean;
}

/** An operator in its place. */
export interface OperatorDefinition {
  operator_id: string;
  /** The operator as it is registered. @default operator_id */
  operator?: string;
  /** Version of this configuration. @default "v1.0" */
  version?: string;
  params?: Record<string, PlainValue>;
  inputs?: Record<string, string>;
  outputs?: Record<string, string>;
  upstream_dependencies?: string[];
  /** The environment of its command. @default the pipeline's */
  env_config?: EnvironmentDefinition;
  start_command?: string | string[];
  /** It is ended after this: `30m`, or seconds. */
  timeout?: number | string;
  extra_env_vars?: Record<string, EnvironmentValue | number | boolean>;
  retries?: number | { attempts?: number; backoff?: number | string; exit_codes?: number[] };
  git_repo?: string;
  git_tag?: string;
  /** How many processes share it. @default 1 */
  shards?: number;
  /** What makes it run again. @default all of them */
  rerun?: RerunCause[];
  resource?: OperatorResourceDefinition;
  run_as?: RunAs;
}

/** A node. */
export interface NodeDefinition {
  node_id: string;
  /** The operators that run on it. @default those that are on no other */
  operator_ids?: string[];
  /** How many of them run at once. @default 1 */
  runner_count?: number;
  resource?: ResourceDefinition;
}

/** A pipeline: what stands under `pipeline:` in a file. */
export interface PipelineDefinition {
  /** Names it. @default "pipeline" */
  pipeline_id?: string;
  operators: OperatorDefinition[] | { refs: string[] };
  /** Where it does so. @default this machine */
  nodes?: NodeDefinition[] | { refs: string[] };
  /** Folder of runs in progress. @default ".holdfast-runs" */
  work_dir?: string;
  log_config?: { level?: LogConfig["level"]; file?: string };
  env_config?: EnvironmentDefinition;
  /** A module that exports `operators`. */
  operators_module?: string;
}

/** Names of operators that there are, as `createOperators()` has them. */
export interface KnownOperators {
  has(key: string): boolean;
  names(): string[];
}

/** Options of all that make pipelines of what was written. */
export interface PipelineOptions {
  /** The operators that there are: a step of another one, without a command, is a mistake. @default any name will do */
  operators?: KnownOperators;
  /** The environment that `${env:NAME}` reads. @default the real one */
  system?: Pick<System, "env" | "envNames">;
  /** How many steps run at once in a pipeline without nodes. @default as many as this machine has cores */
  cores?: number;
}
