import type { Extension } from "../../apps/cli/program/extension.ts";

export const verificationExtension: Extension = {
  name: "verification",
  commands: [{
    group: "space",
    load: { verify: async (all) => (await import("./commands.ts")).createVerify(all) },
  }],
};
