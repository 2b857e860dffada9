import type { Extension } from "../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./hint_words.ts";

const DAY_MS = 24 * 3_600_000;

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
  // Every run is a shallow one too. Runs that verify in parts note since when all bytes have been read.
  maintains: [{
    command: "verify",
    overdueMs: 40 * DAY_MS, // a full one may run once a month
    night: ({ records, page }) => ({ list: 3 + Math.ceil(records / page), get: records }),
  }, { command: "verify_shallow" }],
  commands: [{
    group: "space",
    load: { verify: async (all) => (await import("./commands.ts")).createVerify(all) },
  }],
};
