import type { Extension } from "../../../apps/cli/program/extension.ts";

const MLFLOW = "import mlflow <from> <to>";
const WANDB = "import wandb <from> <to>";
const HF = "import hf <from> <to>";
const NEPTUNE = "import neptune <from> <to>";
const TENSORBOARD = "import tensorboard <from> <to>";
const DVC = "import dvc <from> <to>";
const ANY =
  "save <name> <source> for one version, import files <from> <to> for many, or import with " +
  "one of: mlflow, wandb, neptune, tensorboard, hf, dvc";

export const importExtension: Extension = {
  name: "import",
  suggestions: { prefixes: ["dvc", "mlflow", "wandb", "hf", "huggingface-cli"] },
  words: [
    [/^mlflow (import|export-import|migrate|sync)\b|^(import|migrate)\b.*(mlruns|mlflow)/i, MLFLOW],
    [/^wandb (import|migrate)\b|^(wandb )?sync\b.*\bwandb\b|^(import|migrate)\b.*wandb/i, WANDB],
    [/^neptune-exporter (load|import)\b|^(import|migrate)\b.*neptune/i, NEPTUNE],
    [
      /^tensorboard (import|dev upload)\b|^(import|migrate)\b.*(tensorboard|tfevents)/i,
      TENSORBOARD,
    ],
    [/^(hf|huggingface-cli) (import|migrate)\b/i, HF],
    [/^(import|migrate|clone|download|pull|hf download)\b.*(huggingface\.co|hf:\/\/)/i, HF],
    [/^dvc (import|migrate)(?![\w-])|^(import|migrate)\b.*(\.dvc\b|\bdvc\b)/i, DVC],
    [/^(import|migrate) \S*(:\/\/|\/|\{)/i, ANY],
    [/^(export)( \S*)? .*(mlruns|mlflow)\b/i, "export mlflow <names...> --to <folder>"],
  ],
  commands: [{
    group: "share",
    load: {
      "export mlflow": async () => (await import("./mlflow/export_command.ts")).exportMlflow,
      "import dvc": async () => (await import("./dvc/command.ts")).importDvc,
      "import files": async (extensions) =>
        (await import("./files/command.ts")).createImportFiles(extensions),
      "import hf": async () => (await import("./hf/command.ts")).importHf,
      "import mlflow": async () => (await import("./mlflow/command.ts")).importMlflow,
      "import neptune": async () => (await import("./neptune/command.ts")).importNeptune,
      "import tensorboard": async () =>
        (await import("./tensorboard/command.ts")).importTensorboard,
      "import wandb": async () => (await import("./wandb/command.ts")).importWandb,
    },
  }],
};
