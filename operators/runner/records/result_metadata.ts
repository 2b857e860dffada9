// The metadata of the result of a run: runs are compared by the parameters and metrics of all steps.
import { checkMetadata, isRegistryError } from "../../../core/kernel.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { RunEnd, StepOutcome } from "../outcomes.ts";
import { parseRunId } from "./names.ts";

const MAX_METADATA_BYTES = 32 * 1024;

interface EndedRun {
  run: string;
  end: RunEnd;
  steps: Readonly<Record<string, StepOutcome>>;
}

/**
 * Returns the metadata of a result: `params` and `metrics` by step. Omits the parameters, or both,
 * if they are very long. `configured` are the steps of the pipeline, also those outside the run.
 */
export function resultMetadata(
  { run, end, steps }: EndedRun,
  configured: readonly Pick<PipelineStep, "id" | "params" | "rerun">[],
): Record<string, unknown> {
  const short = { pipeline: parseRunId(run).pipeline, run, end };
  const ended = configured.flatMap(({ id, params, rerun }) => {
    const outcome = steps[id];
    if (outcome === undefined) return [];
    // A skipped step that ignores its parameters may have an output of others.
    const hasOwn = outcome.end !== "skipped" || rerun.includes("params");
    return [{ id, params: hasOwn ? params : {}, metrics: outcome.metrics ?? {} }];
  });
  const ofSteps = (key: "params" | "metrics") => {
    const named = ended.filter((step) => Object.keys(step[key]).length > 0);
    return named.length === 0
      ? {}
      : { [key]: Object.fromEntries(named.map((step) => [step.id, step[key]])) };
  };
  const measured = { ...short, ...ofSteps("metrics") };
  return [{ ...measured, ...ofSteps("params") }, measured].find(fits) ?? short;
}

function fits(metadata: Record<string, unknown>): boolean {
  try {
    checkMetadata(metadata);
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
    return false;
  }
  const { byteLength } = new TextEncoder().encode(JSON.stringify(metadata));
  return byteLength <= MAX_METADATA_BYTES;
}
