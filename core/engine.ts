// The contract of an engine: it carries steps of a run to where they are executed.
//
// What it carries is a command, which reads the step's inputs from the registry and commits its
// outputs there. So an engine that forgets a step, or delivers it twice, costs time and never a
// result: what is done is read from the registry, and what an engine says is a hint.
import type { SignalOptions } from "./registry.ts";

/** What steps ask for and may take at most. */
export interface Resources {
  cpuRequest?: number;
  cpuLimit?: number;
  /** Bytes. */
  memoryRequest?: number;
  /** Bytes. */
  memoryLimit?: number;
  gpuRequest?: number;
  gpuLimit?: number;
  /** Of a step: bytes that are to be free on the disk of the run before it begins. */
  diskRequest?: number;
  /** Of a step: bytes that its workspace and its output may hold together. */
  diskLimit?: number;
}

/** A step to be carried. */
export interface EngineStep {
  /** The run: `my_pipeline@3`. */
  run: string;
  step: string;
  /** Identifies this delivery, also where ids of jobs are used again: `[a-z0-9-]`, at most 120 characters. */
  name: string;
  command: readonly string[];
  /** The folder that it runs in, absolute. */
  cwd: string;
  /** Variables besides those of whoever executes it. Never secrets. */
  env: Readonly<Record<string, string>>;
  resources: Resources;
  /** It is ended after so many milliseconds. */
  timeoutMs?: number;
  /** How many processes it is, each with `HOLDFAST_SHARD=<index>/<count>`. @default 1 */
  shards?: number;
  /** The node, of which so many steps run at once: a limit where the engine knows such. */
  node?: { id: string; runnerCount: number };
}

/** Where a job is, as far as its engine knows. A lost one may be done: the registry says. */
export type EngineState = "waiting" | "running" | "ended" | "failed" | "cancelled" | "lost";

/** A job of an engine. */
export interface EngineJob {
  /** Its id, as `submit` returned it. */
  id: string;
  /** The delivery, as {@linkcode EngineStep.name}. */
  name: string;
  step?: string;
  state: EngineState;
  exitCode?: number;
  reason?: string;
}

/** Carries steps. */
export interface Engine extends AsyncDisposable {
  /** `local`, `redis`, `postgres`, `slurm`, or yours. */
  readonly kind: string;
  /** Where it is, without secrets. */
  readonly location: string;
  /** Hands a step over and returns its id. The same `name` again is the same job where it is still known. */
  submit(step: EngineStep, options?: SignalOptions): Promise<string>;
  /** Where jobs are, one for each id, in that order; what is not known is `lost`. */
  poll(ids: readonly string[], options?: SignalOptions): Promise<EngineJob[]>;
  /** Ends a job; one that is not known, or ended, is left as it is. A running one is told to end, and then made to. */
  cancel(id: string, options?: SignalOptions): Promise<void>;
  list(run: string, options?: SignalOptions): Promise<EngineJob[]>;
}
