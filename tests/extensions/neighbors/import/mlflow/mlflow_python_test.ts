// Folders that MLflow's own clients wrote are imported, and the clients read the same on both sides.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { createLocalFiles } from "../../../../../files/mod.ts";
import { ArtifactPlaces } from "../../../../../extensions/neighbors/import/mlflow/artifact_places.ts";
import { MlrunsExport } from "../../../../../extensions/neighbors/import/mlflow/export_folder.ts";
import { MlrunsReader } from "../../../../../extensions/neighbors/import/mlflow/read_folder.ts";
import { SourceFiles } from "../../../../../extensions/neighbors/import/source_files.ts";
import { RecordWriter } from "../../../../../extensions/neighbors/import/write_records.ts";
import {
  CLIENTS,
  clientTest,
  serveMlflow,
  WITHOUT_INFERENCE,
} from "../../../gateways/mlflow/serve_mlflow.ts";

const WRITE = `
import mlflow, sys
from mlflow import MlflowClient
c = MlflowClient()
mlflow.set_experiment("team/digits")
with mlflow.start_run(run_name="first ü", tags={"stage": "x", "team/part": "a b"}):
    mlflow.log_params({"rate": 0.1, "opt/name": "sgd\\nline"})
    mlflow.set_tag("mlflow.note.content", "a note\\n\\nwith lines")
    for step in range(50):
        mlflow.log_metric("loss", 1 / (1 + step), step=step)
    for at, value in enumerate([float("nan"), 0.5, float("inf")]):  # of one time, MLflow's own stores differ
        mlflow.log_metric("val/auc", value, step=1, timestamp=5 + at)
    for at, value in enumerate([-0.0, 5e-324, 1.7976931348623157e308, 2.0**60, -1e-05, -0.0]):
        mlflow.log_metric("edge", value, step=at, timestamp=9)
    mlflow.log_dict({"a": 1}, "conf/x.json")
    mlflow.log_text("hi", "note ü.txt")
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("m", 3)
try:
    with mlflow.start_run(run_name="bad"):
        raise ValueError()
except ValueError:
    pass
mlflow.set_experiment("1e5")
with mlflow.start_run(run_name="model") as run:
    mlflow.log_text("weights", "model/w.bin")
    source = mlflow.get_artifact_uri("model")
try:
    import numpy
    from sklearn.linear_model import LogisticRegression
    X = numpy.random.rand(20, 2)
    with mlflow.start_run(run_name="sklearn"):
        logged = mlflow.sklearn.log_model(
            LogisticRegression().fit(X, X[:, 0] > 0.5), name="model",
            registered_model_name="trained", params={"alpha": "1"}, pip_requirements=["scikit-learn"],
        )
        data = mlflow.data.from_numpy(X, name="xs")
        mlflow.log_input(data, context="training")
        mlflow.log_input(data, context="testing")
        if hasattr(logged, "model_id"):
            for at, value in enumerate([-0.0, float("nan"), 0.5]):
                mlflow.log_metric("own", value, step=at, model_id=logged.model_id)
    with mlflow.start_run(run_name="evaluation"):
        if hasattr(logged, "model_id"):
            mlflow.log_metric("later", 0.25, model_id=logged.model_id)
    ${WITHOUT_INFERENCE.trim().split("\n").join("\n    ")}
    mlflow.sklearn.autolog()
    with mlflow.start_run(run_name="autologged"):
        LogisticRegression(C=0.5).fit(X, X[:, 0] > 0.5)
except ImportError:
    pass
c.create_registered_model("clf", tags={"owner": "me"}, description="a classifier")
c.create_model_version("clf", source, run_id=run.info.run_id, tags={"q": "1"}, description="one")
c.set_registered_model_alias("clf", "champion", "1")
`;

const READ = `
import hashlib, json, math, os, sys, tempfile
from mlflow import MlflowClient
c = MlflowClient()
plain = repr
def files(folder):
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            found[os.path.relpath(path, folder)] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    return found
experiments = c.search_experiments()
runs = [(e, r) for e in experiments for r in c.search_runs([e.experiment_id])]
names = {r.info.run_id: r.info.run_name for _, r in runs}
seen = {"runs": {}, "models": {}, "logged": {}}
for e, r in runs:
    i, tags = r.info, dict(r.data.tags)
    tags.pop("mlflow.log-model.history", None)
    if "mlflow.parentRunId" in tags:
        tags["mlflow.parentRunId"] = names[tags["mlflow.parentRunId"]]
    with tempfile.TemporaryDirectory() as folder:
        artifacts = files(c.download_artifacts(i.run_id, "", folder)) if c.list_artifacts(i.run_id) else {}
    inputs = r.inputs.dataset_inputs if r.inputs else []
    outputs = getattr(r, "outputs", None)
    seen["runs"][e.name + " " + i.run_name] = [
        i.status, i.start_time, i.end_time, r.data.params, tags, artifacts,
        {k: plain(v) for k, v in r.data.metrics.items()},
        {k: [(plain(m.value), m.timestamp, m.step) for m in c.get_metric_history(i.run_id, k)] for k in r.data.metrics},
        [(d.dataset.name, d.dataset.digest, d.dataset.source_type, d.dataset.source, d.dataset.schema or "",
          d.dataset.profile or "", [(t.key, t.value) for t in d.tags]) for d in inputs],
        len(getattr(outputs, "model_outputs", None) or []),
    ]
for m in c.search_registered_models():
    seen["models"][m.name] = [
        m.description or "", m.tags, {k: str(v) for k, v in m.aliases.items()},
        {v.version: [names.get(v.run_id), v.description or "", v.tags, v.creation_timestamp]
         for v in c.search_model_versions("name='%s'" % m.name)},
    ]
if hasattr(c, "search_logged_models"):
    for m in c.search_logged_models([e.experiment_id for e in experiments]):
        with tempfile.TemporaryDirectory() as folder:
            from mlflow.artifacts import download_artifacts
            artifacts = files(download_artifacts(f"models:/{m.model_id}", dst_path=folder))
        seen["logged"][m.name + str(m.creation_timestamp)] = [
            names.get(m.source_run_id), str(m.status), m.params, m.tags, m.creation_timestamp, artifacts,
            sorted((v.key, plain(v.value), v.timestamp, v.step) for v in m.metrics or []),
        ]
print(json.dumps(seen, sort_keys=True))
`;

const RUNS_OF_VALUES = `
from mlflow import MlflowClient
c = MlflowClient()
ids = [e.experiment_id for e in c.search_experiments()]
names = {r.info.run_id: r.info.run_name for r in c.search_runs(ids)}
models = c.search_logged_models(ids) if hasattr(c, "search_logged_models") else []
print(sorted((v.key, names[v.run_id]) for m in models for v in m.metrics or []))
`;

clientTest("a folder of MLflow is the same here", CLIENTS, async (client) => {
  await using service = await serveMlflow();
  const tree = join(service.root.path, "mlruns");
  const env = { MLFLOW_TRACKING_URI: `file:${tree}`, MLFLOW_ALLOW_FILE_STORE: "true" };
  await service.run(client, WRITE, env);
  const files = new SourceFiles(createLocalFiles({ root: tree }));
  const places = new ArtifactPlaces({ own: { files, location: tree } });
  const reader = new MlrunsReader(files, places, { nameOf: (name) => name });
  const records = (async function* () {
    for await (const record of reader.records()) {
      yield record.kind === "model" ? { ...record, name: `models:${record.name}` } : record;
    }
  })();
  const report = await new RecordWriter(service.registry, {}).write(records);
  assertEquals(report.notImported, []);
  const [before = ""] = (await service.run(client, READ, env)).slice(-1);
  const [after = ""] = (await service.run(client, READ)).slice(-1);
  assertEquals(JSON.parse(after), JSON.parse(before));
  // A service does not say which run logged a value of a model: its origin, or one that used it later.
  const [runs = ""] = (await service.run(client, RUNS_OF_VALUES, env)).slice(-1);
  const out = join(service.root.path, "out"), { signal } = new AbortController();
  const names = await Array.fromAsync(service.registry.names());
  await new MlrunsExport(service.registry, out, { models: "models:", signal }).export(names);
  const [back = ""] =
    (await service.run(client, READ, { ...env, MLFLOW_TRACKING_URI: `file:${out}` }))
      .slice(-1);
  assertEquals(JSON.parse(back), JSON.parse(before));
  const exported = { ...env, MLFLOW_TRACKING_URI: `file:${out}` };
  assertEquals((await service.run(client, RUNS_OF_VALUES, exported)).slice(-1), [runs]);
  if (client === "old") return;
  const load = `
import mlflow
print(type(mlflow.sklearn.load_model("models:/trained/1")).__name__)`;
  assertEquals((await service.run(client, load)).slice(-1), ["LogisticRegression"]);
});
