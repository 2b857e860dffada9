// Runs that log values: their commands. `../service/` has the routes.
import type { Extension } from "../../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./hint_words.ts";

export const runsExtension: Extension = {
  name: "runs",
  hints: CLI_HINTS,
  ofRegistry: ["runs \\w+"],
  suggestions: {
    reading: ["runs ls", "runs show"],
    commands: [
      ["runs ls [name]", "run"],
      ["runs log <name> [id]", "log-metric, log-metrics"],
      ["runs ls [name] | versions <name>", "experiment, experiments"],
      ["runs finish <name> <id> [path]", "finish, finish-run"],
    ],
  },
  commands: [{
    group: "logging",
    title: "Runs that log values",
    behind: "names",
    load: { runs: async () => (await import("./commands/runs.ts")).runs },
  }],
};
