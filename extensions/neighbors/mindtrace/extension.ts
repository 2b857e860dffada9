import type { Extension } from "../../../apps/cli/program/extension.ts";
import { shellWord } from "../../../core/kernel.ts";
import { exportReasons } from "./reasons.ts";

export const mindtraceExtension: Extension = {
  name: "mindtrace",
  hints: exportReasons.hints({
    export_exists: "Export to another folder, or under another name (--rename).",
    export_name: ({ before, sign }) =>
      `Rename it: --rename ${shellWord(`${before}${sign}=${before}:`)}`,
  }),
  commands: [{
    group: "share",
    load: {
      "export mindtrace": async () => (await import("./commands.ts")).exportMindtrace,
      "import mindtrace": async () => (await import("./commands.ts")).importMindtrace,
    },
  }],
};
