// Options of a run, here or on an engine.
import type { Engine, Machine } from "../../contract/engine.ts";
import type { Logger } from "../../../mod.ts";
import type { RunEvent } from "../outcomes.ts";
import type { PlanOptions } from "../plan.ts";

/** Options of `runPipeline`. */
export interface RunPipelineOptions extends PlanOptions {
  onEvent?: (event: RunEvent) => void;
  /** Keeps the work folders of steps. @default false */
  keep?: boolean;
  /** Receives messages that belong to no step. @default silent */
  logger?: Logger;
  /**
   * Starts no step after the first failure, and ends running ones.
   * @default false: independent steps go on
   */
  failFast?: boolean;
  /** The engine that runs the steps. `concurrency` and `machine` are its own. @default this machine */
  carry?: CarryOptions;
  /** Maximum number of steps at once on this machine. @default as nodes, cores and memory allow */
  concurrency?: number;
  /** Resources of this machine. @default as the operating system reports them */
  machine?: Machine;
  /** Called with the run's name before a step starts, such as to save its configuration. */
  onRun?: (run: string, folder: string) => void | Promise<void>;
}

/** The command of a step. */
export interface CarriedCommand {
  /** Program and arguments that call `runStep`, such as `holdfast pipeline step RUN STEP`. */
  command: readonly string[];
  /** Program and arguments that take many steps of the run from standard input. @default none */
  persistent?: readonly string[];
  /** Working directory, absolute. */
  cwd: string;
  /** Variables added to those of the engine, without secrets. @default none */
  env?: Readonly<Record<string, string>>;
}

/** The engine of a run. */
export interface CarryOptions {
  engine: Engine;
  /**
   * Returns the command of a step, for engines that execute it: `local:` and `slurm:`. Workers of a
   * queue have their own. @default none
   */
  commandFor?(delivery: { run: string; step: string }): CarriedCommand;
}
