// The contract of an engine: it delivers steps of a run to the machines that execute them.
//
// A step is a command that reads its inputs from the registry and commits its outputs there. An
// engine that forgets a step or delivers it twice costs time, but never a result: the registry
// holds what is done, and the engine's state is a hint.
import type { SignalOptions } from "../../registry/mod.ts";
import type { System } from "../../mod.ts";

/** Requested resources and limits of a step. */
export interface Resources {
  cpuRequest?: number;
  cpuLimit?: number;
  /** Bytes. */
  memoryRequest?: number;
  /** Bytes. */
  memoryLimit?: number;
  gpuRequest?: number;
  gpuLimit?: number;
  /** Free disk space that the step needs before it starts, bytes. */
  diskRequest?: number;
  /** Maximum size of the step's workspace and output together, bytes. */
  diskLimit?: number;
}

/** Resources of a machine. */
export interface Machine {
  cores: number;
  /** Memory, bytes. */
  memoryBytes: number;
}

/**
 * Exit code of a step's command whose end is not recorded, or whose next steps are not submitted,
 * because a server is away: the step must be delivered again. It is EX_TEMPFAIL of `sysexits.h`.
 */
export const DELIVER_AGAIN = 75;

/** A step to deliver. */
export interface EngineStep {
  /** The id of the run: `my_pipeline@3`. */
  run: string;
  step: string;
  /** Unique id of this delivery: `[a-z0-9-]`, at most 120 characters. */
  name: string;
  command: readonly string[];
  /**
   * Program and arguments that take many steps of the run from standard input, for engines that can
   * keep a process. @default each step is a process of `command`
   */
  persistent?: readonly string[];
  /** Absolute path of the working directory. */
  cwd: string;
  /** Environment variables in addition to those of the executing machine. Never secrets. */
  env: Readonly<Record<string, string>>;
  resources: Resources;
  /** The step is ended after this time, milliseconds. */
  timeoutMs?: number;
  /** Number of processes, each with `HOLDFAST_SHARD=<index>/<count>`. @default 1 */
  shards?: number;
  /** The node of the step; a limit on its concurrent steps, if the engine supports one. */
  node?: { id: string; runnerCount: number };
}

/** The state of a job according to its engine. A `lost` job may have finished. */
export type EngineState = "waiting" | "running" | "ended" | "failed" | "cancelled" | "lost";

/** A job of an engine. */
export interface EngineJob {
  /** The id that `submit` returned. */
  id: string;
  /** {@linkcode EngineStep.name} of the delivery. */
  name: string;
  step?: string;
  state: EngineState;
  exitCode?: number;
  /** Why it ended so, or why it waits: `Nodes required for job are DOWN, DRAINED …`. */
  reason?: string;
}

/** Delivers steps. */
export interface Engine extends AsyncDisposable {
  /** `local`, `redis`, `postgres`, `slurm`, or your own. */
  readonly kind: string;
  /** A URL without secrets. */
  readonly location: string;
  /**
   * True if it delivers a step again, a few times, whose command ends with 75 or is killed.
   * @default false
   */
  readonly redelivers?: boolean;
  /**
   * The machine that runs all its steps. A run with a step that requests more is refused.
   * @default the engine decides which machine runs a step
   */
  readonly machine?: Machine;
  /**
   * Submits a step and returns its job id. A repeated `name` returns the same job, an invalid one is
   * `Invalid`. If it takes no further job before another one ends, it throws `Unavailable` with the
   * reason `defineReasons({ engine_full: [] }).of("engine_full")`.
   */
  submit(step: EngineStep, options?: SignalOptions): Promise<string>;
  /** Returns the jobs with these ids, in that order; unknown ones are `lost`. */
  poll(ids: readonly string[], options?: SignalOptions): Promise<EngineJob[]>;
  /** Ends a running job, first gracefully, then by force. Ignores unknown and ended jobs. */
  cancel(id: string, options?: SignalOptions): Promise<void>;
  list(run: string, options?: SignalOptions): Promise<EngineJob[]>;
  /** Closes the engine, as `await using` does. Running steps continue. */
  close(): Promise<void>;
}

/** Opens the engines of a URL scheme. */
export interface EngineDriver {
  /** Its URLs, for help: `slurm:`. */
  readonly help: string;
  /**
   * True if its jobs end with the process that submits them, so that no other one can see them.
   *
   * @default false
   */
  readonly endsWithProcess?: boolean;
  /** Throws `Invalid` for an invalid URL, without showing secrets. */
  open(url: string, options: { system?: System }): Engine | Promise<Engine>;
}
