// Runs that log values: their commands. `../service/` has the routes.
import type { Extension } from "../../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./hint_words.ts";

export const runsExtension: Extension = {
  name: "runs",
  hints: CLI_HINTS,
  commands: [{
    group: "logging",
    title: "Runs that log values",
    behind: "names",
    load: { runs: async () => (await import("./commands/runs.ts")).runs },
  }],
};
