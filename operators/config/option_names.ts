// The options that all have in common which make pipelines of what was written.
import type { OptionNames } from "../../core/options/check_options.ts";
import type { PipelineOptions } from "./definition.ts";

/** The names of {@linkcode PipelineOptions}. */
export const PIPELINE_OPTIONS: OptionNames<PipelineOptions> = {
  operators: true,
  system: true,
  cores: true,
};
