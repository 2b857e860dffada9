import type { Extension } from "../../../apps/cli/program/extension.ts";

export const generalPipelineExtension: Extension = {
  name: "general_pipeline",
  commands: [{
    group: "share",
    load: {
      "import general_pipeline": async () => (await import("./command.ts")).importGeneralPipeline,
    },
  }],
};
