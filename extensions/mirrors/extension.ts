import type { Extension } from "../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./words/hints.ts";

export const mirrorsExtension: Extension = {
  name: "mirrors",
  hints: CLI_HINTS,
  commands: [{
    group: "space",
    load: { mirror: async () => (await import("./commands.ts")).mirror },
  }],
};
