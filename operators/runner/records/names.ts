// Names of what pipelines leave in a registry.
import { fault } from "../../../core/errors.ts";
import { checkName, shown } from "../../../core/naming/names.ts";

/** Names of what one pipeline leaves in a registry. */
export interface RecordNames {
  /** Version N.0.0 is the plan of run N. */
  readonly run: string;
  /** Version N.0.0 is how run N ended. */
  readonly result: string;
  /** Version N.0.0 says that run N is to stop. */
  readonly cancel: string;
  readonly steps: string;
  step(id: string): string;
  /** Version N.K.0 is attempt K of a step in run N, which failed; of shard S version N.K.S. */
  failure(id: string): string;
  /** A version for each success of a step that several processes share: what each of them left, with its log. */
  shards(id: string): string;
  output(id: string): string;
  inputs(id: string): string;
}

/** The names of a pipeline's records. */
export function recordNames(pipeline: string): RecordNames {
  return {
    run: `${pipeline}:run`,
    result: `${pipeline}:result`,
    cancel: `${pipeline}:cancel`,
    steps: `${pipeline}:step:`,
    step: (id) => `${pipeline}:step:${id}`,
    failure: (id) => `${pipeline}:failure:${id}`,
    shards: (id) => `${pipeline}:shards:${id}`,
    output: (id) => `${pipeline}:output:${id}`,
    inputs: (id) => `${pipeline}:inputs:${id}`,
  };
}

/** A run of a pipeline. */
export interface RunId {
  pipeline: string;
  /** Which of its runs, from 1. */
  number: number;
}

/** `my_pipeline@3` */
export function formatRunId({ pipeline, number }: RunId): string {
  return `${pipeline}@${number}`;
}

/**
 * Reads `my_pipeline@3`.
 *
 * @throws {RegistryError} `Invalid` for anything else
 */
export function parseRunId(text: string): RunId {
  const [, pipeline, digits] = /^(.+)@([1-9]\d{0,8})(?:\.0\.0)?$/.exec(text) ?? [];
  if (pipeline === undefined) {
    throw fault({
      code: "Invalid",
      action: "read run",
      subject: shown(text),
      state: "it is not PIPELINE@NUMBER",
      hint: "A run is named like my_pipeline@3. All of them: holdfast pipeline status",
    });
  }
  checkName(pipeline, "pipeline");
  return { pipeline, number: Number(digits) };
}

/** The version of a record by its number, `3.0.0`. */
export function versionOf(number: number): string {
  return `${number}.0.0`;
}

/** The number of a version that {@linkcode versionOf} made. */
export function numberOf(version: string): number {
  return Number.parseInt(version, 10);
}
