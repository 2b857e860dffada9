import type { Extension } from "../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./hint_words.ts";

export const verificationExtension: Extension = {
  name: "verification",
  hints: CLI_HINTS,
  ofRegistry: ["verify"],
  suggestions: {
    reading: ["verify"],
    writingOptions: ["--repair-from"],
    commands: [
      ["verify", "check, checksum, fsck, scrub, validate"],
      ["verify --repair-from <place>", "fix, heal, repair"],
    ],
    options: [
      ["verify", "--shallow", "--fast --quick"],
      ["verify", "--repair-from LOCATION", "--repair --fix"],
    ],
    orders: [["verify", "path", "-r $1"]],
  },
  commands: [{
    group: "space",
    load: { verify: async (all) => (await import("./commands.ts")).createVerify(all) },
  }],
};
