import type { Extension } from "../../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./reasons.ts";

export const mindtraceExtension: Extension = {
  name: "mindtrace",
  hints: CLI_HINTS,
  commands: [{
    group: "share",
    load: {
      "export mindtrace": async () => (await import("./commands.ts")).exportMindtrace,
      "import mindtrace": async () => (await import("./commands.ts")).importMindtrace,
    },
  }],
};
