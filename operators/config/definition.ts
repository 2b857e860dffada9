// A pipeline as a program writes it, with the keys of a file: see `docs/pipelines.md`.
import type {
  EnvironmentConfig,
  EnvironmentValue,
  LogConfig,
  RerunCause,
  RunAs,
} from "../contract/pipeline.ts";
import type { PlainValue } from "../../materializers/mod.ts";
import type { System } from "../../mod.ts";

/** Resources of a node: cores as `2` or `500m`, sizes as `4Gi`. */
export interface ResourceDefinition {
  cpu_request?: number | string;
  cpu_limit?: number | string;
  memory_request?: number | string;
  memory_limit?: number | string;
  gpu_request?: number;
  gpu_limit?: number;
}

/** Resources of an operator. */
export interface OperatorResourceDefinition extends ResourceDefinition {
  /** Disk space that must be free when it starts: `10Gi`. */
  disk_request?: number | string;
  disk_limit?: number | string;
}

/** Environment of commands. */
export interface EnvironmentDefinition {
  kind: EnvironmentConfig["kind"];
  name?: string;
}

/** An operator of a pipeline. */
export interface OperatorDefinition {
  operator_id: string;
  /** Key of the registered operator. @default operator_id */
  operator?: string;
  /** Version of this configuration. @default "v1.0" */
  version?: string;
  params?: Record<string, PlainValue>;
  inputs?: Record<string, string>;
  outputs?: Record<string, string>;
  /** Files below OUTPUT_ROOT whose values become metadata of the outputs: `metrics.json`. */
  metrics?: string | string[];
  upstream_dependencies?: string[];
  /** The environment of its command. @default the pipeline's */
  env_config?: EnvironmentDefinition;
  start_command?: string[];
  /** Commands of a shell, run by `sh -e -c`, with `pipefail`; `${…}` is the shell's. */
  script?: string;
  /** Time limit: `30m`, or seconds. */
  timeout?: number | string;
  extra_env_vars?: Record<string, EnvironmentValue | number | boolean>;
  retries?: number | { attempts?: number; backoff?: number | string; exit_codes?: number[] };
  git_repo?: string;
  git_tag?: string;
  /** Number of processes that share it. @default 1 */
  shards?: number;
  /** Changes that make it run again. @default all of them */
  rerun?: RerunCause[];
  resource?: OperatorResourceDefinition;
  run_as?: RunAs;
}

/** A node. */
export interface NodeDefinition {
  node_id: string;
  /** Operators that run on it. @default those without another node */
  operator_ids?: string[];
  /** Maximum number of operators at once. @default 1 */
  runner_count?: number;
  resource?: ResourceDefinition;
}

/** A pipeline: the section `pipeline` of a file. */
export interface PipelineDefinition {
  /** @default "pipeline" */
  pipeline_id?: string;
  operators: OperatorDefinition[] | { refs: string[] };
  /** @default one node, this machine */
  nodes?: NodeDefinition[] | { refs: string[] };
  /** Folder of runs in progress. @default ".holdfast-runs" */
  work_dir?: string;
  log_config?: { level?: LogConfig["level"]; file?: string };
  env_config?: EnvironmentDefinition;
  /** A module that exports `operators`. */
  operators_module?: string;
}

/** Keys of known operators, such as `createOperators()`. */
export interface KnownOperators {
  has(key: string): boolean;
  names(): string[];
}

/** Options of reading a pipeline. */
export interface PipelineOptions {
  /**
   * Known operators: a step of another one without a command is an error.
   * @default any name is accepted
   */
  operators?: KnownOperators;
  /** Environment for `${env:NAME}`. @default the real one */
  system?: Pick<System, "env" | "envNames">;
  /** Maximum number of steps at once in a pipeline without nodes. @default the number of cores */
  cores?: number;
}
