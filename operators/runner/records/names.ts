// Names of records and outputs of pipelines in a registry.
import type { Registry } from "../../../mod.ts";
import { checkName, invalid, shown } from "../../../core/kernel.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

/** Names of one pipeline's records and outputs. */
interface RecordNames {
  /** Version N.0.0 is the plan of run N. */
  readonly run: string;
  /** Version N.0.0 is the result of run N. */
  readonly result: string;
  /** Version N.0.0 is the request to cancel run N. */
  readonly cancel: string;
  readonly steps: string;
  step(id: string): string;
  /** Version N.K.S is attempt K of a step in run N that failed, of shard S or 0. */
  failure(id: string): string;
  /** One version for each success of a step with shards: their records and logs. */
  shards(id: string): string;
  output(id: string): string;
  inputs(id: string): string;
}

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

const RECORD = /^(.+?):(?:run|result|cancel|(?:step|failure|shards|inputs):.+)$/s;

/** Yields the names that are not records of a pipeline with a run and a step, and counts these. */
export async function* withoutRecords(
  registry: Pick<Registry, "names" | "versions">,
  names: AsyncIterable<string>,
  hidden: { count: number },
): AsyncGenerator<string> {
  const pipelines = new Map<string, boolean>();
  for await (const name of names) {
    const pipeline = RECORD.exec(name)?.[1] ?? "";
    if (pipeline !== "" && !pipelines.has(pipeline)) {
      const { run, steps } = recordNames(pipeline);
      const isKnown = await hasAny(registry.names({ prefix: steps, limit: 1 })) &&
        await hasAny(registry.versions(run, { limit: 1 }));
      pipelines.set(pipeline, isKnown);
    }
    if (pipelines.get(pipeline)) hidden.count++;
    else yield name;
  }
}

async function hasAny(items: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of items) return true;
  return false;
}

interface RunId {
  pipeline: string;
  /** From 1. */
  number: number;
}

/** Formats `my_pipeline@3`. */
export function formatRunId({ pipeline, number }: RunId): string {
  return `${pipeline}@${number}`;
}

/**
 * Parses `my_pipeline@3`.
 *
 * @throws {RegistryError} `Invalid` for anything else
 */
export function parseRunId(text: string): RunId {
  const [, pipeline, digits] = /^(.+)@([1-9]\d{0,8})(?:\.0\.0)?$/s.exec(text) ?? [];
  if (pipeline === undefined) {
    throw invalid("read run", shown(text), "it is not PIPELINE@NUMBER", {
      hint: "Use a name like my_pipeline@3, which `listRuns` returns.",
      reason: pipelineReasons.of("run_name"),
    });
  }
  checkName(pipeline, "pipeline");
  return { pipeline, number: Number(digits) };
}

/** Returns the version of a record, `3.0.0`. */
export function versionOf(number: number): string {
  return `${number}.0.0`;
}

/** Returns the number of a version from {@linkcode versionOf}. */
export function numberOf(version: string): number {
  return Number.parseInt(version, 10);
}
