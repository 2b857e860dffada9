import type { Extension } from "../../../apps/cli/program/extension.ts";

export const mindtraceExtension: Extension = {
  name: "mindtrace",
  commands: [{
    group: "share",
    load: {
      "export mindtrace": async () => (await import("./commands.ts")).exportMindtrace,
      "import mindtrace": async () => (await import("./commands.ts")).importMindtrace,
    },
  }],
};
