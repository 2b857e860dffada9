// Programs that MLflow's own clients run against `serve --mlflow`, unchanged.
import { assertEquals } from "@std/assert";
import { CLIENTS, clientTest, serveMlflow } from "./serve_mlflow.ts";

const RUNS = `
import math, mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
c = MlflowClient()
def code(call, *args):
    try: call(*args)
    except MlflowException as e: return e.error_code
mlflow.set_experiment("team/digits")
with mlflow.start_run(run_name="one") as run:
    mlflow.log_params({"rate": 0.1, "depth": 3})
    for step in range(5): mlflow.log_metric("loss", 1 / (1 + step), step=step)
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf})
    mlflow.set_tags({"stage": "x", "ü": "ö"})
    with mlflow.start_run(nested=True) as child: mlflow.log_param("fold", 1)
id = run.info.run_id
found = c.get_run(id)
print(found.info.status, found.info.run_name, found.data.params, found.data.metrics)
print([m.value for m in c.get_metric_history(id, "loss")] == [1 / (1 + i) for i in range(5)])
print(c.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == id)
with mlflow.start_run(run_id=id): mlflow.log_metric("loss", 0.01, step=9)
c.log_metric(id, "late", 7); c.set_tag(id, "late", "yes"); c.log_param(id, "late", 2); c.delete_tag(id, "stage")
found = c.get_run(id)
print(found.data.metrics["late"], found.data.metrics["loss"], found.data.tags["late"], found.data.params["late"], "stage" in found.data.tags)
try:
    with mlflow.start_run() as failed: raise ValueError()
except ValueError: print(c.get_run(failed.info.run_id).info.status)
print(code(c.log_param, id, "rate", 0.2), code(c.get_run, "x"), code(c.delete_tag, id, "x"), code(c.create_experiment, "team/digits"))
with mlflow.start_run() as many:
    metrics = [Metric(f"m{i % 10}", i, 1000 + i, i) for i in range(900)]
    c.log_batch(many.info.run_id, metrics, [Param(f"p{i}", str(i)) for i in range(90)], [RunTag("a", "b")])
print([(m.value, m.timestamp) for m in c.get_metric_history(many.info.run_id, "m3")][:2])
c.delete_run(many.info.run_id)
print(c.get_run(many.info.run_id).info.lifecycle_stage)
c.restore_run(many.info.run_id)
print(c.get_run(many.info.run_id).info.lifecycle_stage, c.get_run(many.info.run_id).data.params["p7"])
`;

clientTest("a program that tracks its runs runs unchanged", CLIENTS, async (client) => {
  await using service = await serveMlflow();
  const lines = await service.run(client, RUNS);
  assertEquals(lines, [
    "FINISHED one {'rate': '0.1', 'depth': '3'} {'loss': 0.2, 'nan': nan, 'inf': inf}",
    "True",
    "True",
    "7.0 0.01 yes 2 False",
    "FAILED",
    "INVALID_PARAMETER_VALUE RESOURCE_DOES_NOT_EXIST RESOURCE_DOES_NOT_EXIST RESOURCE_ALREADY_EXISTS",
    "[(3.0, 1003), (13.0, 1013)]",
    "deleted",
    "active 7",
  ]);
  const { by } = await service.registry.info("team/digits");
  assertEquals(by?.name, "ada");
});
