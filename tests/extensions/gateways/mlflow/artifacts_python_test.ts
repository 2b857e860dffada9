// Artifacts and models that MLflow's own clients log and load, unchanged.
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { SIGNING_KEY } from "../../../backends/gcs/signing_key.ts";
import { testOnServers } from "../../../servers/server_world.ts";
import { REAL_SERVERS } from "../../../support/servers/mod.ts";
import { type Client, CLIENTS, CLIENTS_3, clientTest, WITHOUT_INFERENCE } from "./serve_mlflow.ts";
import { pythonOf, serveMlflow } from "./serve_mlflow.ts";

const ARTIFACTS = `
import os, mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
c = MlflowClient()
mlflow.set_experiment("team/digits")
os.makedirs("out/deep", exist_ok=True)
big = os.urandom(3_000_000)
open("out/deep/big.bin", "wb").write(big)
open("out/note ü.txt", "w").write("first")
open("out/empty", "w").close()
with mlflow.start_run() as run:
    id = run.info.run_id
    mlflow.log_artifacts("out", "kept")
    mlflow.log_dict({"a": 1}, "a.json")
    mlflow.log_text("one", "again.txt")
    mlflow.log_text("two", "again.txt")
    print("open", mlflow.artifacts.load_text(f"runs:/{id}/again.txt"), [(f.path, f.is_dir) for f in c.list_artifacts(id)])
    print(open(c.download_artifacts(id, "kept/deep/big.bin", "."), "rb").read() == big)
def show():
    print([(f.path, f.is_dir, f.file_size) for f in c.list_artifacts(id)], [f.path for f in c.list_artifacts(id, "kept")], c.list_artifacts(id, "a.json"))
    print(mlflow.artifacts.load_dict(f"runs:/{id}/a.json"), mlflow.artifacts.load_text(f"runs:/{id}/again.txt"))
    print(mlflow.artifacts.load_text(f"runs:/{id}/kept/note ü.txt"), open(c.download_artifacts(id, "kept/deep/big.bin", "."), "rb").read() == big)
show()
c.log_text(id, "three", "again.txt")
with mlflow.start_run(run_id=id): mlflow.log_text("more", "more.txt")
show()
try: print(mlflow.artifacts.load_text(f"runs:/{id}/missing.txt"))
except Exception: print("missing")
`;

clientTest("artifacts of a run are logged, listed and read", CLIENTS, async (client) => {
  await using service = await serveMlflow();
  const kept = "['kept/deep', 'kept/empty', 'kept/note ü.txt'] []";
  assertEquals(await service.run(client, ARTIFACTS), [
    "open two [('a.json', False), ('again.txt', False), ('kept', True)]",
    "True",
    `[('a.json', False, 12), ('again.txt', False, 3), ('kept', True, None)] ${kept}`,
    "{'a': 1} two",
    "first True",
    `[('a.json', False, 12), ('again.txt', False, 5), ('kept', True, None), ('more.txt', False, 4)] ${kept}`,
    "{'a': 1} three",
    "first True",
    "missing",
  ]);
  const { files } = await service.registry.info("team/digits");
  assertEquals(files.map(({ path }) => path), [
    "a.json",
    "again.txt",
    "kept/deep/big.bin",
    "kept/empty",
    "kept/note ü.txt",
    "more.txt",
  ]);
});

const MODEL = `
import mlflow, mlflow.sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_iris
X, y = load_iris(return_X_y=True)
mlflow.set_experiment("team/iris")
with mlflow.start_run() as run:
    model = LogisticRegression(max_iter=200).fit(X, y)
    logged = mlflow.sklearn.log_model(model, name="iris", pip_requirements=[], params={"c": 1}, tags={"t": "1"})
loaded = mlflow.sklearn.load_model(logged.model_uri)
print((loaded.predict(X) == model.predict(X)).all(), (mlflow.pyfunc.load_model(logged.model_uri).predict(X) == model.predict(X)).all())
found = mlflow.get_logged_model(logged.model_id)
print(found.status, found.name, found.params, found.tags["t"], found.source_run_id == run.info.run_id)
mlflow.set_logged_model_tags(logged.model_id, {"late": "yes"}); mlflow.delete_logged_model_tag(logged.model_id, "t")
found = mlflow.get_logged_model(logged.model_id)
print(found.tags["late"], "t" in found.tags)
run = mlflow.get_run(run.info.run_id)
print([m.model_id for m in run.outputs.model_outputs] == [logged.model_id])
${WITHOUT_INFERENCE}
mlflow.sklearn.autolog(log_datasets=True)
with mlflow.start_run() as run: LogisticRegression(max_iter=300).fit(X, y)
run = mlflow.get_run(run.info.run_id)
print(run.data.params["max_iter"], sorted(run.data.metrics)[:2], [d.dataset.name for d in run.inputs.dataset_inputs])
[out] = run.outputs.model_outputs
print(mlflow.sklearn.load_model(f"models:/{out.model_id}").max_iter)
`;

clientTest("models are logged, loaded and logged by autolog", CLIENTS_3, async (client) => {
  await using service = await serveMlflow();
  assertEquals(await service.run(client, MODEL), [
    "True True",
    "READY iris {'c': '1'} 1 True",
    "yes False",
    "True",
    "300 ['training_accuracy_score', 'training_f1_score'] ['dataset']",
    "300",
  ]);
});

const OLD_MODEL = `
import mlflow, mlflow.pyfunc
class Twice(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input): return [2 * x for x in model_input["x"]]
import pandas
mlflow.set_experiment("team/old")
with mlflow.start_run() as run:
    info = mlflow.pyfunc.log_model("model", python_model=Twice(), pip_requirements=[])
print(info.model_uri == f"runs:/{run.info.run_id}/model")
print(mlflow.pyfunc.load_model(info.model_uri).predict(pandas.DataFrame({"x": [1, 2]})))
print("flavors" in mlflow.get_run(run.info.run_id).data.tags["mlflow.log-model.history"])
`;

clientTest("models of MLflow 2 are artifacts of their run", ["old"], async (client) => {
  await using service = await serveMlflow();
  assertEquals(await service.run(client, OLD_MODEL), ["True", "[2, 4]", "True"]);
});

const BOOSTED = `
import mlflow, numpy, lightgbm, xgboost
X = numpy.random.default_rng(0).random((80, 3))
y = (X[:, 0] > 0.5).astype(int)
c = mlflow.MlflowClient()
mlflow.set_experiment("team/boosted")
${WITHOUT_INFERENCE}
mlflow.xgboost.autolog(importance_types=[])
mlflow.lightgbm.autolog()
def show(run, flavor):
    run = mlflow.get_run(run.info.run_id)
    [metric] = run.data.metrics
    [out] = run.outputs.model_outputs
    print(">", run.data.params["max_depth"], metric, [m.step for m in c.get_metric_history(run.info.run_id, metric)])
    print(">", type(flavor.load_model(f"models:/{out.model_id}")).__module__, [f.path for f in c.list_artifacts(run.info.run_id)][-1:])
with mlflow.start_run() as run:
    data = xgboost.DMatrix(X, y)
    xgboost.train({"max_depth": 2, "objective": "binary:logistic"}, data, 5, evals=[(data, "train")])
show(run, mlflow.xgboost)
with mlflow.start_run() as run:
    data = lightgbm.Dataset(X, y)
    lightgbm.train({"max_depth": 3, "objective": "binary"}, data, 5, valid_sets=[data], valid_names=["train"])
show(run, mlflow.lightgbm)
`;

clientTest(
  "autolog of XGBoost and LightGBM logs each round, and models",
  ["new"],
  async (client) => {
    await using service = await serveMlflow();
    const lines = await service.run(client, BOOSTED, {
      MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT: "1",
    });
    assertEquals(lines.filter((line) => line.startsWith(">")), [
      "> 2 train-logloss [0, 1, 2, 3, 4]",
      "> xgboost.core []",
      "> 3 train-binary_logloss [0, 1, 2, 3, 4]",
      "> lightgbm.basic ['feature_importance_split.png']",
    ]);
  },
);

const DIRECT = `
import os, mlflow
from mlflow import MlflowClient
c = MlflowClient()
mlflow.set_experiment("team/digits")
big = os.urandom(5_000_000)
open("big.bin", "wb").write(big)
open("small.txt", "w").write("small")
with mlflow.start_run() as run:
    id = run.info.run_id
    mlflow.log_artifact("big.bin")
    mlflow.log_artifact("small.txt")
    print("open", open(c.download_artifacts(id, "big.bin", "."), "rb").read() == big)
print("ended", open(c.download_artifacts(id, "big.bin", "."), "rb").read() == big)
print(open(c.download_artifacts(id, "small.txt", ".")).read())
`;

const IN_PARTS = `
import os, mlflow
from mlflow import MlflowClient
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
create = HttpArtifactRepository.create_multipart_upload
def observed(*args, **options):
    print("asks for parts")
    return create(*args, **options)
HttpArtifactRepository.create_multipart_upload = observed
mlflow.set_experiment("team/digits")
big = os.urandom(5_000_000)
open("big.bin", "wb").write(big)
with mlflow.start_run() as run:
    mlflow.log_artifact("big.bin", "d")
to = MlflowClient().download_artifacts(run.info.run_id, "d/big.bin", ".")
print(open(to, "rb").read() == big)
`;

clientTest("a client that would send parts sends the file whole", CLIENTS, async (client) => {
  await using service = await serveMlflow();
  const lines = await service.run(client, IN_PARTS, {
    MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: "true",
    MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: "1000000",
    MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: "2000000",
  });
  assertEquals(lines, ["asks for parts", "True"]);
});

/** The newest client asks the service, an earlier one its user. */
const SETTINGS: [Client, Record<string, string>][] = [
  ["new", {}],
  ["3.12", { MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: "true" }],
];

testOnServers("clients of MLflow read parts from the bucket", REAL_SERVERS, async (world) => {
  const isGcs = world.server.kind === "fake-gcs"; // which answers only at its own address
  const store = isGcs ? world.store({ gcs: { credentials: SIGNING_KEY } }) : world.proxied();
  await using service = await serveMlflow({ store });
  for (const [client, settings] of SETTINGS) {
    if (!existsSync(pythonOf(client))) continue;
    const from = world.proxy.requests.length;
    const lines = await service.run(client, DIRECT, {
      MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE: "2000000",
      MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: "1000000",
      ...settings,
    });
    assertEquals(lines, ["open True", "ended True", "small"], client);
    if (isGcs) continue;
    const direct = world.proxy.requests.slice(from)
      .filter(({ url }) => url.includes("X-Amz-Signature"));
    assertEquals(direct.map(({ headers: { range } }) => range).sort(), [
      "bytes=0-1999999",
      "bytes=2000000-3999999",
      "bytes=4000000-4999999",
    ], client);
    assertEquals(direct.filter(({ headers }) => headers.authorization !== undefined), []);
  }
});
