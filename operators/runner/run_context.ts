// The context of a run, wherever its steps are executed.
import process from "node:process";
import { join, resolve } from "node:path";
import type { Logger, Registry, System } from "../../mod.ts";
import {
  checkToolOptions,
  encodeName,
  messageOf,
  realSystem,
  silentLogger,
} from "../../core/kernel.ts";
import type { Shard } from "../../core/kernel.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { thisProcess } from "../../disk/stage/process.ts";
import type { Operators } from "../operator_set.ts";
import type { KnownDigests } from "./digest_of_path.ts";
import { findSecrets, type PipelineSecrets } from "./secrets.ts";
import { type Dependencies, findDependencies } from "./sources.ts";
import { formatRunId, parseRunId } from "./records/names.ts";
import type { RunEvent } from "./outcomes.ts";

/** Reads and writes objects in buckets, such as a set of S3 configurations. */
export interface ObjectTransfer {
  upload(data: { path: string }, url: string, options?: { signal?: AbortSignal }): Promise<unknown>;
  /** Downloads an object to a file. Throws `NotFound` if it does not exist. */
  download(
    url: string,
    options: { to: string; signal?: AbortSignal },
  ): Promise<{ path: string; size: number }>;
  /**
   * Returns size and tag of an object without reading it. Throws `NotFound` if it does not exist.
   */
  info(
    url: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ size: number; modifiedAt: number; etag?: string }>;
  list(
    url: string,
    options?: { signal?: AbortSignal },
  ): AsyncIterable<{ url: string; size: number; modifiedAt: number; etag?: string }>;
}

/** Options of planning and running. */
export interface RunnerOptions {
  /** Registry with versions for inputs, outputs and records. */
  registry: Registry;
  operators: Operators;
  /** Base of relative paths in the configuration. @default the current folder */
  root?: string;
  /** Reads and writes URLs of buckets. @default steps with such URLs are refused */
  s3?: ObjectTransfer;
  /** @default the real one */
  system?: System;
  signal?: AbortSignal;
}

/** All options of functions for runs, which accept those of each other. */
const RUN_OPTIONS: Readonly<Record<string, true>> = {
  registry: true,
  operators: true,
  root: true,
  s3: true,
  system: true,
  signal: true,
  force: true,
  steps: true,
  onEvent: true,
  failFast: true,
  concurrency: true,
  keep: true,
  machine: true,
  logger: true,
  onRun: true,
  carry: true,
  run: true,
  step: true,
  shard: true,
  array: true,
};

/** Throws `Invalid` for unknown options, and for missing ones. */
export function checkRunOptions<O extends RunnerOptions>(
  action: string,
  options: O,
  required: readonly string[] = [],
): O {
  const names = ["registry", "operators", ...required];
  return checkToolOptions(action, options?.registry, options, RUN_OPTIONS, names);
}

export function withDefaults<T extends RunnerOptions>(
  options: T,
): T & { root: string; system: System } {
  const { root = process.cwd(), system = realSystem } = options;
  return { ...options, root, system };
}

export interface RunContext
  extends Required<Pick<RunnerOptions, "registry" | "operators" | "root" | "system">> {
  readonly pipeline: Pipeline;
  readonly dependencies: Dependencies;
  /** `my_pipeline@3`. */
  readonly run: string;
  readonly s3?: ObjectTransfer;
  readonly shard?: Shard;
  /** Variables that only some steps get, and values that no log may contain. */
  readonly secrets: PipelineSecrets;
  readonly digests: KnownDigests;
  /** Work folder of its steps, absolute. */
  readonly folder: string;
  /**
   * Id of this process, a suffix of the folders of its steps: others check whether it still runs.
   */
  readonly owner: string;
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  emit(event: RunEvent): void;
}

interface RunContextOptions extends RunnerOptions {
  onEvent?: (event: RunEvent) => void;
  keep?: boolean;
  logger?: Logger;
}

export function createRunContext(
  pipeline: Pipeline,
  run: string,
  options: RunContextOptions,
): RunContext {
  const { registry, operators, s3, keep = false, logger = silentLogger } = options;
  const { root, system } = withDefaults(options);
  const { number } = parseRunId(run);
  return {
    pipeline,
    dependencies: findDependencies(pipeline),
    run: formatRunId({ pipeline: pipeline.id, number }),
    registry,
    operators,
    root,
    system,
    s3,
    keep,
    logger,
    secrets: findSecrets(pipeline, system),
    digests: new Map(),
    owner: thisProcess(),
    folder: runFolder(pipeline, { run, root }),
    signal: options.signal ?? new AbortController().signal,
    emit: createEmit(options),
  };
}

/** Returns a function that emits events. A listener that throws does not end the run. */
export function createEmit(
  { onEvent, logger = silentLogger }: Pick<RunContextOptions, "onEvent" | "logger">,
): (event: RunEvent) => void {
  return (event) => {
    try {
      onEvent?.(event);
    } catch (error) {
      logger.warn(`Cannot emit "${event.type}": the listener failed: ${messageOf(error)}`);
    }
  };
}

/** Returns the folder of a run, absolute: the work folder of its steps, with its configuration. */
export function runFolder(
  { workDir }: Pick<Pipeline, "workDir">,
  { run, root }: { run: string; root: string },
): string {
  const { pipeline, number } = parseRunId(run);
  return join(resolve(root, workDir), encodeName(pipeline), String(number));
}
