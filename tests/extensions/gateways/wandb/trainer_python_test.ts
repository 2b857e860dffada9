// The `Trainer` of transformers, which logs to W&B by one word.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { realSystem } from "../../../../core/system.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { IS_QUICK } from "../../../support/seeds.ts";
import { pythonOf, serveWandb, valuesOf } from "./serve_wandb.ts";

const python = realSystem.env("HOLDFAST_TORCH_PYTHON") ?? "";
const missing = IS_QUICK
  ? "a quick run starts no clients"
  : existsSync(python) && existsSync(pythonOf("new"))
  ? undefined
  : "PyTorch and W&B's client are not installed; .ci/run installs them";

/** Packages of PyTorch come before those that are installed beside W&B's client. */
const TRAIN = `
import os, sys
sys.path.append(os.environ["WANDB_PACKAGES"])
import torch
from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainingArguments

class Config(PretrainedConfig): model_type = "line"
class Line(PreTrainedModel):
    config_class = Config
    def __init__(self, config):
        super().__init__(config)
        self.line = torch.nn.Linear(1, 1)
        self.post_init()
    def forward(self, x, labels=None):
        y = self.line(x)
        return {"loss": ((y - labels) ** 2).mean(), "logits": y}

data = [{"x": torch.tensor([i / 32]), "labels": torch.tensor([i / 16])} for i in range(32)]
args = TrainingArguments(output_dir="out", report_to="wandb", run_name="line", max_steps=20, logging_steps=5,
                         eval_strategy="steps", eval_steps=10, save_strategy="no", use_cpu=True, disable_tqdm=True)
Trainer(Line(Config()), args, train_dataset=data, eval_dataset=data).train()
import wandb
wandb.finish()
`;

judgeTest("the Trainer of transformers logs its losses", missing, async () => {
  await using service = await serveWandb();
  const packages = pythonOf("new").replace("bin/python", "lib");
  const [{ name: version = "" } = {}] = await Array.fromAsync(Deno.readDir(packages));
  await service.runBy(python, TRAIN, {
    WANDB_PACKAGES: `${packages}/${version}/site-packages`,
    WANDB_PROJECT: "digits",
    HF_HUB_OFFLINE: "1",
  });
  const { metadata } = await service.registry.info("digits");
  const steps = await valuesOf(service.registry, "train/global_step");
  assertEquals([...new Set(steps)], [5, 10, 15, 20]);
  const losses = await valuesOf(service.registry, "train/loss");
  assert(losses.length === 4 && losses.every((loss) => typeof loss === "number"), `${losses}`);
  assertEquals((await valuesOf(service.registry, "eval/loss")).length, 2);
  assertEquals((metadata.params as Record<string, string>).max_steps, "20");
  assertEquals((metadata.tags as Record<string, string>)["mlflow.runName"], "line");
});
