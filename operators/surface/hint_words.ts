// Hints of the command line for errors of pipelines, by reason.
import { shellWord } from "../../core/kernel.ts";
import { pipelineReasons } from "../contract/reasons.ts";

export const CLI_HINTS = pipelineReasons.hints({
  pipeline_missing: "Check the path, or create it: holdfast pipeline init",
  pipeline_file_missing: "Name the file, or create it: holdfast pipeline init",
  step_failed_first: "Omit --fail-fast to run steps that do not depend on it.",
  step_not_selected: "Select this step too, or omit --operator and --node.",
  run_name: "Use a name like my_pipeline@3. List runs: holdfast pipeline status",
  run_missing: ({ pipeline }) => `List all runs: holdfast pipeline status ${shellWord(pipeline)}`,
  run_step_missing: ({ run }) =>
    `List its steps: holdfast cat ${shellWord(run.replace("@", ":run@"))} record.json`,
  run_ended: ({ run }) => `See its result: holdfast pipeline status ${shellWord(run)}`,
  run_record_damaged: ({ ref }) =>
    `Inspect it: holdfast cat ${shellWord(ref)} record.json. Delete it if only a pipeline should ` +
    "write there.",
  shard_record_damaged: "If only this pipeline should write there, delete that version and run " +
    "with --force.",
  run_configuration: "Pass every worker the file and --set values of the run, or start a new run.",
  engine_full: "Wait until other jobs have ended, or run it without --detach: its steps wait then.",
  run_not_cancelled: ({ run }) => `Try again: holdfast pipeline cancel ${shellWord(run)}`,
  buckets_missing: "Use `holdfast pipeline run`.",
  links_outside: "Save it with links inside its folder, or with the linked files: --links follow.",
});
