// Libraries that log to W&B by their own callbacks, and W&B's for other libraries. What they log is
// compared with what the libraries themselves remember.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { realSystem } from "../../../../core/system.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { IS_QUICK } from "../../../support/seeds.ts";
import { pythonOf, serveWandb, valuesOf } from "./serve_wandb.ts";

const torch = realSystem.env("HOLDFAST_TORCH_PYTHON") ?? "", tensorflow = pythonOf("keras");

/** Registers a test of a program. It is ignored where its packages are missing. */
function trainerTest(
  name: string,
  { python, program }: { python: string; program: string },
  check: (service: Awaited<ReturnType<typeof serveWandb>>, lines: unknown[]) => Promise<void>,
): void {
  const missing = IS_QUICK
    ? "a quick run starts no clients"
    : existsSync(python)
    ? undefined
    : "the packages are not installed; .ci/run installs them";
  judgeTest(name, missing, async () => {
    await using service = await serveWandb();
    const lines = await service.runBy(python, `${READ}${program}`, {
      WANDB_PROJECT: "digits",
      HF_HUB_OFFLINE: "1",
      OMP_NUM_THREADS: "1",
    });
    await check(service, lines.map((line) => JSON.parse(line.slice(2))));
    assertEquals(service.logged, []);
  });
}

/** Reads a run back. `same` is true if the values of a metric are those of a list. */
const READ = `
import json, os, wandb
def show(value): print("> " + json.dumps(value))
def same(run, key, values): return [row[key] for row in run.scan_history(keys=[key])] == list(values)
def kept(name, file): # the bytes of the only file of an artifact
    with open(file, "rb") as sent:
        return [open(os.path.join(folder, each), "rb").read() for folder, _, names in
                os.walk(wandb.Api().artifact(name).download(root="down/" + name.replace(":", "/"))) for each in names] == [sent.read()]
`;

const TRANSFORMERS = `
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
trainer = Trainer(Line(Config()), args, train_dataset=data, eval_dataset=data)
trainer.train()
id = wandb.run.id
wandb.finish()
run = wandb.Api().run("digits/" + id)
logs = trainer.state.log_history
for ours, own in {"train/loss": "loss", "train/learning_rate": "learning_rate", "eval/loss": "eval_loss"}.items():
    show(same(run, ours, [log[own] for log in logs if own in log]))
show([run.name, run.state, run.config["max_steps"]])
`;

trainerTest(
  "the Trainer of transformers logs its losses",
  { python: torch, program: TRANSFORMERS },
  async ({ registry }, lines) => {
    assertEquals(lines, [true, true, true, ["line", "finished", 20]]);
    const steps = await valuesOf(registry, "train/global_step");
    assertEquals([...new Set(steps)], [5, 10, 15, 20]);
    const { params, tags } = (await registry.info("digits")).metadata;
    assertEquals((params as Record<string, string>).max_steps, "20");
    assertEquals((tags as Record<string, string>)["mlflow.runName"], "line");
  },
);

const LIGHTNING = `
import csv, numpy as np, torch, lightning
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, WandbLogger

class Line(lightning.LightningModule):
    def __init__(self, rate=0.1, sizes=(1, 1)):
        super().__init__()
        self.save_hyperparameters()
        self.line = torch.nn.Linear(*sizes)
    def step(self, batch): return ((self.line(batch[0]) - batch[1]) ** 2).mean()
    def training_step(self, batch, _):
        loss = self.step(batch)
        self.log("loss", loss)
        return loss
    def validation_step(self, batch, _): self.log("val/loss", self.step(batch))
    def configure_optimizers(self): return torch.optim.SGD(self.parameters(), self.hparams.rate)

x = torch.arange(32.).reshape(32, 1) / 32
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), batch_size=4)
logger, beside = WandbLogger(project="digits", id="abc", name="line", log_model="all"), CSVLogger("csv")
model = Line()
logger.watch(model, log_freq=4)
checkpoints = ModelCheckpoint("checkpoints", monitor="val/loss", save_top_k=-1)
trainer = lightning.Trainer(max_epochs=3, logger=[logger, beside], callbacks=[checkpoints], log_every_n_steps=2,
                            accelerator="cpu", enable_progress_bar=False, enable_model_summary=False)
trainer.fit(model, data, data)
logger.log_image("image", [np.zeros((4, 4, 3), dtype=np.uint8)], caption=["black"])
logger.log_table("table", columns=["a", "b"], data=[[1, "x"], [2, "y"]])
wandb.finish()
run = wandb.Api().run("digits/abc")
rows = list(csv.DictReader(open(os.path.join(beside.log_dir, "metrics.csv"))))
for key in ["loss", "val/loss"]:
    seen = [(int(row["step"]), float(row[key])) for row in rows if row[key]]
    show([len(seen), [(row["trainer/global_step"], row[key]) for row in run.scan_history(keys=[key, "trainer/global_step"])] == seen])
show([run.name, run.state, run.config["rate"], run.config["sizes"]])
gradients = [row["gradients/line.weight"] for row in run.scan_history(keys=["gradients/line.weight"])]
show([len(gradients), sorted(gradients[0])])
saved = sorted(checkpoints.best_k_models, key=os.path.getmtime)
show([kept(f"digits/model-abc:v{at}", path) for at, path in enumerate(saved)])
best = wandb.Api().artifact("digits/model-abc:best")
show([best.type, best.metadata["original_filename"] == os.path.basename(checkpoints.best_model_path), best.metadata["score"]  == float(checkpoints.best_model_score)])
show([each.name for each in run.logged_artifacts() if each.type == "model"])
show(os.listdir(WandbLogger.download_artifact("digits/model-abc:latest", save_dir="latest")))
row = next(row for row in run.scan_history() if "image" in row)
show([row["image"]["captions"], row["image"]["count"]])
table = next(row["table"] for row in run.scan_history() if "table" in row)
show([json.load(run.file(table["path"]).download(root="down"))["data"], table["nrows"]])
`;

trainerTest(
  "the WandbLogger of Lightning logs metrics, checkpoints, gradients and media",
  { python: torch, program: LIGHTNING },
  async ({ registry }, lines) => {
    assertEquals(lines, [
      [12, true],
      [3, true],
      ["line", "finished", 0.1, [1, 1]],
      [6, ["_type", "bins", "values"]],
      [true, true, true],
      ["model", true, true],
      ["model-abc:v0", "model-abc:v1", "model-abc:v2"],
      ["model.ckpt"],
      [["black"], 1],
      [[[1, "x"], [2, "y"]], 2],
    ]);
    const { version, files } = await registry.info("digits/model-abc@best");
    assert(files.some(({ path }) => path === "model.ckpt"), version);
  },
);

const XGBOOST = `
import numpy as np, xgboost
from wandb.integration.xgboost import WandbCallback
x = np.random.default_rng(1).random((200, 4)); y = x @ [1, 2, 3, 4]
train, valid = xgboost.DMatrix(x[:150], y[:150]), xgboost.DMatrix(x[150:], y[150:])
run, seen = wandb.init(id="abc"), {}
booster = xgboost.train({"max_depth": 2, "nthread": 1, "eval_metric": ["rmse", "mae"]}, train, 12, evals=[(train, "train"), (valid, "valid")],
                        evals_result=seen, callbacks=[WandbCallback(log_model=True, importance_type="weight")], early_stopping_rounds=5, verbose_eval=False)
model = os.path.join(run.dir, "abc_model.json")
run.finish()
run = wandb.Api().run("digits/abc")
show([same(run, f"{data}-{metric}", values) for data, all in seen.items() for metric, values in all.items()])
show(same(run, "epoch", range(12)))
show([row["_step"] for row in run.scan_history(keys=["valid-mae"])] == list(range(12)))
show([run.summary["valid-rmse"]["min"] == min(seen["valid"]["rmse"]), run.summary["best_iteration"], run.summary["best_score"] == float(booster.attr("best_score"))])
show([run.config["learner"]["objective"]["name"], run.config["learner"]["learner_train_param"]["booster"]])
show(kept("digits/abc_model.json:latest", model))
show([a.name for a in run.logged_artifacts() if a.type == "model"])
table = next(row["Feature Importance_table"] for row in run.scan_history() if "Feature Importance_table" in row)
show(dict(json.load(run.file(table["path"]).download(root="down"))["data"]) == booster.get_score(importance_type="weight"))
`;

trainerTest(
  "the WandbCallback for XGBoost logs metrics, configuration, model and importance",
  { python: torch, program: XGBOOST },
  async ({ registry }, lines) => {
    assertEquals(lines, [
      [true, true, true, true],
      true,
      true,
      [true, 11, true],
      ["reg:squarederror", "gbtree"],
      true,
      ["abc_model.json:v0"],
      true,
    ]);
    assertEquals((await valuesOf(registry, "valid-mae")).length, 12);
    const { files } = await registry.info("digits/abc_model.json");
    assert(files.some(({ path }) => path === "abc_model.json"), JSON.stringify(files));
  },
);

const KERAS = `
import numpy as np, keras
from wandb.integration.keras import WandbMetricsLogger, WandbModelCheckpoint
x = np.arange(32.).reshape(32, 1) / 32
run = wandb.init(id="abc", config={"rate": 0.1})
model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
batches = []
class Seen(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None): batches.append(dict(logs))
seen = model.fit(x, 2 * x, batch_size=8, epochs=3, validation_split=0.25, verbose=0, callbacks=[
    Seen(), WandbMetricsLogger(log_freq="batch"), WandbModelCheckpoint("model-{epoch:02d}.keras")]).history
run.finish()
run = wandb.Api().run("digits/abc")
show(sorted(seen))
show([same(run, f"epoch/{key}", values) for key, values in seen.items()])
show([same(run, f"batch/{key}", [each[key] for each in batches]) for key in ["loss", "mae"]])
show([same(run, "epoch/epoch", range(3)), same(run, "batch/batch_step", range(len(batches))), len(batches)])
show(same(run, "epoch/learning_rate", [float(np.float32(0.1))] * 3))
show([kept(f"digits/run_abc_model:v{at}", f"model-{at + 1:02d}.keras") for at in range(3)])
show([kept(f"digits/run_abc_model:epoch_{at}", f"model-{at + 1:02d}.keras") for at in range(3)])
again = keras.models.load_model("down/digits/run_abc_model/v2/model-03.keras")
show(np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0)))
`;

trainerTest(
  "the callbacks for Keras log metrics of epochs and batches, and the models",
  { python: tensorflow, program: KERAS },
  async ({ registry }, lines) => {
    assertEquals(lines, [
      ["loss", "mae", "val_loss", "val_mae"],
      [true, true, true, true],
      [true, true],
      [true, true, 9],
      true,
      [true, true, true],
      [true, true, true],
      true,
    ]);
    assertEquals((await registry.info("digits/run_abc_model@epoch_1")).version, "2.0.0");
  },
);
