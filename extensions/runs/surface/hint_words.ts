// Hints of the command line for errors of runs, by reason.
import { shellWord } from "../../../core/kernel.ts";
import { runReasons } from "../reasons.ts";

export const CLI_HINTS = runReasons.hints({
  logged_run_missing: ({ name }) =>
    `List the runs: holdfast runs ls ${shellWord(name)}. Finished runs are versions: holdfast ` +
    `versions ${shellWord(name)}`,
  run_value_differs: "Use a run with another id, or change the value by runs set with --replace.",
});
