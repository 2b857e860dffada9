// The contract of an operator: one processing step over files, run in this process or as a
// command.
import type { Logger, Registry } from "../../mod.ts";
import type { StandardSchema } from "../../registry/mod.ts";
import type { Shard } from "../../core/kernel.ts";

/** Exit codes of a step. */
export const EXIT_CODES = {
  ok: 0,
  /** Wrong configuration: a parameter, a missing command. */
  configuration: 1,
  input: 2,
  /** Its own logic failed, or any other error was thrown. */
  logic: 3,
  resource: 4,
  /** Wrong environment: a missing program or environment, no permission. */
  environment: 5,
} as const;

/** Name of an exit code of a step. */
export type ExitName = keyof typeof EXIT_CODES;

/** Exit code of a step: 0 to 5, see {@linkcode EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[ExitName];

/** The context that an operator runs in. */
export interface OperatorContext<Params = Record<string, unknown>> {
  readonly pipelineId: string;
  readonly nodeId: string;
  /** The step's id in the pipeline. */
  readonly operatorId: string;
  /**
   * Folder of its input, absolute. A single input is this folder; of several each is a subfolder.
   */
  readonly inputRoot: string;
  /** Empty folder for its output, absolute. It is saved only if the operator ends with 0. */
  readonly outputRoot: string;
  /** Scratch folder, absolute. */
  readonly workspaceRoot: string;
  /** Parameters, as its schema returned them. */
  readonly params: Params;
  /** Variables added to those of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Logger that writes to the log of the run. */
  readonly logger: Logger;
  readonly registry?: Registry;
  /** Aborted by a timeout, a cancellation, or Ctrl-C. */
  readonly signal: AbortSignal;
  /** The part to process if several processes share the step. */
  readonly shard?: Shard;
}

/** A processing step. */
export interface Operator<Params = Record<string, unknown>> {
  /** Does the work. Returns an exit code, or nothing for 0; errors are mapped to an exit code. */
  run(context: OperatorContext<Params>): number | void | Promise<number | void>;
  /** Returns the command that does the same in a separate process: program and arguments. */
  command(context: OperatorContext<Params>): readonly string[] | Promise<readonly string[]>;
  /**
   * Returns whether the input is valid; false ends the step with 2.
   * @default whether the input root exists
   */
  validateInput?(context: OperatorContext<Params>): boolean | Promise<boolean>;
  /** Schema of its parameters; its output becomes `context.params`. @default anything */
  readonly params?: StandardSchema<Params>;
  /** Inputs by name, with a description. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Outputs by path below the output root, with a description. @default the whole output root */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Version of its code: a new version makes its steps run again. */
  readonly version?: string;
}
