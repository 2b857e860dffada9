import type { Extension } from "../apps/cli/program/extension.ts";

export const signaturesExtension: Extension = {
  name: "signatures",
  commands: [{
    group: "share",
    load: {
      sign: async () => (await import("./commands.ts")).sign,
      signatures: async () => (await import("./commands.ts")).signatures,
    },
  }],
};
