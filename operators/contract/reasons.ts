// Reasons of errors of pipelines: `surface/hint_words.ts` has their hints.
import { defineReasons } from "../../core/kernel.ts";

export const pipelineReasons = defineReasons({
  pipeline_missing: [],
  pipeline_file_missing: [],
  step_failed_first: [],
  step_not_selected: [],
  run_name: [],
  run_missing: ["pipeline"],
  run_step_missing: ["run"],
  run_ended: ["run"],
  run_record_damaged: ["ref"],
  shard_record_damaged: [],
  run_configuration: [],
  engine_full: [],
  run_not_cancelled: ["run"],
  buckets_missing: [],
  links_outside: [],
});
