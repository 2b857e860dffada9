// The same run by three writers: the clients of W&B and MLflow, and Python's `registry.run`. Each is
// read by all three, as the table of docs/runs.md says.
import { existsSync } from "node:fs";
import { assertEquals } from "@std/assert";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { ENVIRONMENT, python } from "../../../python/reader.ts";
import { IS_QUICK } from "../../../support/seeds.ts";
import { pythonOf as mlflowPython } from "../mlflow/serve_mlflow.ts";
import { pythonOf, serveWandb } from "./serve_wandb.ts";

const BEGIN = `
import json, math, os
URL, TOKEN = os.environ["WANDB_BASE_URL"], os.environ["WANDB_API_KEY"].removeprefix("key-")
PARAMS = {"rate": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}}
LOSSES = [(0, 1.0), (5, 0.5), (3, 9.0), (7, math.nan), (8, 0.75)]
def show(*values): print("> " + json.dumps(values))
`;
const BY_WANDB = `${BEGIN}
import wandb
with wandb.init(project="digits", id="by-wandb", config=PARAMS) as run:
    run.log({"n": {"acc": 0.5}}, step=0)
    for step, loss in LOSSES: run.log({"loss": loss}, step=step)
    run.summary["best"] = 7
    print("said by a client of W&B")
`;
const MLFLOW = `${BEGIN}
import mlflow
os.environ["MLFLOW_TRACKING_TOKEN"] = TOKEN
mlflow.set_tracking_uri(URL)
mlflow.set_experiment("digits")
`;
const BY_MLFLOW = `${MLFLOW}
with mlflow.start_run():
    mlflow.log_params(PARAMS)
    mlflow.log_metric("n.acc", 0.5, step=0)
    for step, loss in LOSSES: mlflow.log_metric("loss", loss, step=step)
    mlflow.log_metric("system/gpu", 5.0, step=0)  # as its sampler does
    print("said by a client of MLflow")
`;
const HOLDFAST = `${BEGIN}
import holdfast
registry = holdfast.connect(URL, token=TOKEN)
`;
const BY_HOLDFAST = `${HOLDFAST}
with registry.run("digits", id="by-holdfast", params=PARAMS, system=True) as run:
    run.log(step=0, n={"acc": 0.5})
    for step, loss in LOSSES: run.log(step=step, loss=loss)
    print("said by Python")
    run.finish(metadata={"metrics": {"best": 7}})
`;

const READ_BY_WANDB = `${BEGIN}
import wandb
for run in wandb.Api().runs("digits", order="+created_at"):
    show(run.state, run.config,
         [[row["_step"], row.get("loss"), row.get("n.acc")] for row in run.scan_history()],
         [run.summary.get(name) for name in ("loss", "best")],
         len({name for row in run.history(stream="events", pandas=False) for name in row} & {"system.cpu", "system.memory_percent", "system.proc.memory.rssMB"}),
         [file.download(root=run.id).read() for file in run.files() if file.name == "output.log"])
`;
const READ_BY_MLFLOW = `${MLFLOW}
client = mlflow.MlflowClient()
for run in mlflow.search_runs(experiment_names=["digits"], order_by=["start_time"], output_format="list"):
    show(run.info.status, run.data.params,
         [[each.step, str(each.value)] for each in client.get_metric_history(run.info.run_id, "loss")],
         [str(run.data.metrics.get(name)) for name in ("loss", "n.acc", "best", "system/gpu")])
`;
const READ_BY_HOLDFAST = `${HOLDFAST}
for version in reversed(list(registry.versions("digits"))):
    version = registry.open(f"digits@{version}")
    points = [json.loads(line) for line in version.file("history.jsonl").text().splitlines()]
    show(version.metadata["params"],
         [[point["step"], point["loss"]] for point in points if "loss" in point],
         [version.metadata["metrics"].get(name) for name in ("loss", "best")],
         [file.text() for file in version.files if file.path == "output.log"])
`;

const mlflow = mlflowPython("new");
const missing = IS_QUICK
  ? "a quick run starts no clients"
  : python === undefined || !existsSync(mlflow) || !existsSync(pythonOf("new"))
  ? "a client of W&B or MLflow, or Python is not installed; .ci/run installs them"
  : undefined;

judgeTest("a run of each writer is read by the clients of all", missing, async () => {
  await using service = await serveWandb();
  const values = (lines: readonly string[]) => lines.map((line) => JSON.parse(line.slice(2)));
  await service.run("new", BY_WANDB);
  await service.runBy(mlflow, BY_MLFLOW);
  await service.runBy(python!, BY_HOLDFAST, ENVIRONMENT);

  const typed = { rate: 0.1, opt: { name: "adam", betas: [0.9, 0.99] } };
  const joined = { rate: "0.1", "opt.name": "adam", "opt.betas": "[0.9,0.99]" };
  const ofPython = { rate: "0.1", opt: "{'name': 'adam', 'betas': [0.9, 0.99]}" };
  const asJson = { rate: "0.1", opt: '{"name":"adam","betas":[0.9,0.99]}' };
  const inOrder = [[0, 1], [5, 0.5], [7, "NaN"], [8, 0.75]]; // W&B's client drops earlier steps
  const asLogged = [[0, 1], [5, 0.5], [3, 9], [7, "NaN"], [8, 0.75]];
  const sorted = asLogged.toSorted(([one], [other]) => Number(one) - Number(other));

  const [wandb, ofMlflow, own] = values(
    await service.runBy(python!, READ_BY_HOLDFAST, ENVIRONMENT),
  );
  assertEquals(wandb, [joined, inOrder, [0.75, 7], ["said by a client of W&B\n"]]);
  assertEquals(ofMlflow, [ofPython, asLogged, [0.75, null], []]);
  assertEquals(own, [typed, asLogged, [0.75, 7], ["said by Python\n"]]);

  const rows = (steps: readonly (readonly unknown[])[]) =>
    steps.map(([step, loss]) => [step, loss, step === 0 ? 0.5 : null]);
  const api = values(await service.run("new", READ_BY_WANDB));
  assertEquals(api.map((run) => [...run.slice(0, 4), ...run.slice(5)]), [
    ["finished", typed, rows(inOrder), [0.75, 7], ["said by a client of W&B\n"]],
    ["finished", ofPython, rows(sorted), [0.75, null], []],
    ["finished", asJson, rows(sorted), [0.75, 7], ["said by Python\n"]],
  ]);
  assertEquals([api[1][4], api[2][4]], [0, 3]); // that of W&B begins late

  const text = (steps: readonly (readonly unknown[])[]) =>
    steps.map(([step, loss]) => [
      step,
      loss === "NaN" ? "nan" : loss === 1 ? "1.0" : loss === 9 ? "9.0" : `${loss}`,
    ]);
  const searched = values(await service.runBy(mlflow, READ_BY_MLFLOW));
  assertEquals(searched, [
    ["FINISHED", joined, text(inOrder), ["0.75", "0.5", "7.0", "None"]],
    ["FINISHED", ofPython, text(asLogged), ["0.75", "0.5", "None", "5.0"]],
    ["FINISHED", asJson, text(sorted), ["0.75", "0.5", "None", "None"]],
  ]);
  assertEquals(service.logged, []);
});
