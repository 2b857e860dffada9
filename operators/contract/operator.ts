// The contract of an operator: one processing step over files, run in this process, in a worker, or
// as a command.
import type { Shard } from "../../core/work/shards.ts";
import type { Logger, Registry } from "../../core/registry.ts";
import type { StandardSchema } from "../../core/standard_schema.ts";

/** How a step ended, as a number that processes can return. */
export const EXIT_CODES = {
  /** It did what it should. */
  ok: 0,
  /** Its configuration is wrong: a parameter, a missing command. */
  configuration: 1,
  /** Its input is missing or wrong. */
  input: 2,
  /** Its own logic failed; whatever else was thrown. */
  logic: 3,
  /** Memory, disk or time ran out. */
  resource: 4,
  /** What it runs in is wrong: no such program, no such environment, no permission. */
  environment: 5,
} as const;

/** Name of an exit code of a step. */
export type ExitName = keyof typeof EXIT_CODES;

/** How a step ended: 0 to 5, see {@linkcode EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[ExitName];

/** What an operator works with. */
export interface OperatorContext<Params = Record<string, unknown>> {
  /** The pipeline. */
  readonly pipelineId: string;
  /** The node of the pipeline that it runs on. */
  readonly nodeId: string;
  /** Its id in the pipeline. */
  readonly operatorId: string;
  /** The folder of what it reads: absolute. One input lies in it, several each in a folder of the input's name. */
  readonly inputRoot: string;
  /** The folder of what it writes: absolute, there, and empty. Appears under its name only after it ended with 0. */
  readonly outputRoot: string;
  /** A folder of its own for what nobody keeps: absolute, there. */
  readonly workspaceRoot: string;
  /** Its parameters, as its schema gave them. */
  readonly params: Params;
  /** Variables besides those of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** What it says goes to the log of the run. */
  readonly logger: Logger;
  /** The registry of the run, where there is one. */
  readonly registry?: Registry;
  /** Ends it: at a timeout, a cancellation, or Ctrl-C. */
  readonly signal: AbortSignal;
  /** Which part it does, where several processes share the step. */
  readonly shard?: Shard;
}

/** A processing step. */
export interface Operator<Params = Record<string, unknown>> {
  /** Does it. Returns an exit code, 0 where it returns nothing; what it throws is mapped to one. */
  run(context: OperatorContext<Params>): number | void | Promise<number | void>;
  /** The command that does the same in a process of its own: program and arguments. */
  command(context: OperatorContext<Params>): readonly string[] | Promise<readonly string[]>;
  /** Whether the input is there and right; false ends the step with 2. @default whether the input root exists */
  validateInput?(context: OperatorContext<Params>): boolean | Promise<boolean>;
  /** What its parameters must be; its output is `context.params`. @default anything */
  readonly params?: StandardSchema<Params>;
  /** Names of its inputs, and what each is. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Names of its outputs, folders or files in the output root, and what each is. @default the whole output root is one */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Version of its code: another one makes its steps run again. */
  readonly version?: string;
}

/** An operator to run, as plain data. What its code is, the executor knows from whoever made it. */
export interface OperatorJob {
  key: string;
  /** What it works with. Its parameters are those of the configuration: the schema is asked where it runs. */
  context: Omit<OperatorContext<unknown>, "logger" | "registry" | "signal">;
  /** It is ended where it is seen to hold more memory, bytes. @default no limit */
  maxBytes?: number;
}

/** How it ended. */
export interface OperatorJobEnd {
  /** 0 to 5. */
  exitCode: ExitCode;
  /** Why it is not 0. */
  error?: unknown;
}

/** What an executor of operators runs. A cancellation throws its reason; a thread that was lost is an error. */
export type OperatorJobs = { operator: { job: OperatorJob; result: OperatorJobEnd } };
