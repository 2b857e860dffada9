import type { Extension } from "../../apps/cli/program/extension.ts";

export const mirrorsExtension: Extension = {
  name: "mirrors",
  commands: [{
    group: "space",
    load: { mirror: async () => (await import("./commands.ts")).mirror },
  }],
};
