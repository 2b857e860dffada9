import type { Extension } from "../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./hint_words.ts";

export const verificationExtension: Extension = {
  name: "verification",
  hints: CLI_HINTS,
  commands: [{
    group: "space",
    load: { verify: async (all) => (await import("./commands.ts")).createVerify(all) },
  }],
};
