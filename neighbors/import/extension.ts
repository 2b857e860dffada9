import type { Extension } from "../../apps/cli/program/extension.ts";

export const importExtension: Extension = {
  name: "import",
  commands: [{
    group: "share",
    load: {
      "export mlflow": async () => (await import("./mlflow/export_command.ts")).exportMlflow,
      "import dvc": async () => (await import("./dvc/command.ts")).importDvc,
      "import files": async (extensions) =>
        (await import("./files/command.ts")).createImportFiles(extensions),
      "import hf": async () => (await import("./hf/command.ts")).importHf,
      "import mlflow": async () => (await import("./mlflow/command.ts")).importMlflow,
      "import wandb": async () => (await import("./wandb/command.ts")).importWandb,
    },
  }],
};
