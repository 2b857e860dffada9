// Registered models and searches of MLflow's own clients, unchanged.
import { assert, assertEquals } from "@std/assert";
import { CLIENTS, CLIENTS_3, clientTest, serveMlflow } from "./serve_mlflow.ts";

const MODELS = `
import mlflow, mlflow.sklearn
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_iris
c = MlflowClient()
X, y = load_iris(return_X_y=True)
mlflow.set_experiment("team/iris")
for n in (100, 200):
    with mlflow.start_run():
        mlflow.sklearn.log_model(LogisticRegression(max_iter=n).fit(X, y), name="iris", pip_requirements=[], registered_model_name="clf")
c.set_registered_model_alias("clf", "champion", 1)
load = lambda uri: mlflow.sklearn.load_model(uri).max_iter
print(load("models:/clf/1"), load("models:/clf/2"), load("models:/clf@champion"), load("models:/clf/latest"))
c.set_registered_model_alias("clf", "champion", 2)
print(load("models:/clf@champion"))
c.set_model_version_tag("clf", "1", "checked", "yes"); c.update_model_version("clf", "1", "the first")
c.set_registered_model_tag("clf", "team", "vision"); c.update_registered_model("clf", "iris")
v = c.get_model_version("clf", "1")
print(v.version, v.tags, v.description, v.status, v.current_stage, c.get_model_version_by_alias("clf", "champion").version)
m = c.get_registered_model("clf")
print(m.name, m.tags, m.description, m.aliases, [v.version for v in m.latest_versions])
print([v.version for v in c.search_model_versions("name = 'clf'")], [v.version for v in c.search_model_versions("tags.checked = 'yes'")])
print([m.name for m in c.search_registered_models("name LIKE 'c%'")], [m.name for m in c.search_registered_models("name = 'x'")])
def code(call, *args):
    try: call(*args)
    except MlflowException as e: return e.error_code
print(code(c.transition_model_version_stage, "clf", "1", "Production"), code(c.get_model_version, "clf", "7"), code(c.get_model_version_by_alias, "clf", "none"), code(c.get_registered_model, "none"), code(c.create_registered_model, "clf"))
c.delete_registered_model_alias("clf", "champion"); c.delete_model_version_tag("clf", "1", "checked"); c.delete_model_version("clf", "1")
print([v.version for v in c.search_model_versions("name = 'clf'")], c.get_registered_model("clf").aliases)
c.delete_registered_model("clf")
print(code(c.get_registered_model, "clf"))
`;

clientTest(
  "models are registered, loaded by version and alias, and found",
  CLIENTS_3,
  async (client) => {
    await using service = await serveMlflow();
    assertEquals(await service.run(client, MODELS), [
      "100 200 100 200",
      "200",
      "1 {'checked': 'yes'} the first READY None 2",
      "clf {'team': 'vision'} iris {'champion': '2'} ['2']",
      "['2', '1'] ['1']",
      "['clf'] []",
      "INVALID_PARAMETER_VALUE RESOURCE_DOES_NOT_EXIST INVALID_PARAMETER_VALUE RESOURCE_DOES_NOT_EXIST RESOURCE_ALREADY_EXISTS",
      "['2'] {}",
      "RESOURCE_DOES_NOT_EXIST",
    ]);
  },
);

const OLD_MODELS = `
import mlflow, mlflow.pyfunc, pandas
from mlflow import MlflowClient
c = MlflowClient()
class Twice(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input): return [2 * x for x in model_input["x"]]
mlflow.set_experiment("team/old")
with mlflow.start_run() as run:
    mlflow.pyfunc.log_model("model", python_model=Twice(), pip_requirements=[], registered_model_name="twice")
v = mlflow.register_model(f"runs:/{run.info.run_id}/model", "twice")
print(v.version, v.run_id == run.info.run_id)
c.set_registered_model_alias("twice", "best", "1")
for uri in ("models:/twice/1", "models:/twice/2", "models:/twice@best", "models:/twice/latest"):
    print(mlflow.pyfunc.load_model(uri).predict(pandas.DataFrame({"x": [1, 2]})))
print([v.version for v in c.get_latest_versions("twice")])
`;

clientTest("models of MLflow 2 are registered from their run", ["old"], async (client) => {
  await using service = await serveMlflow();
  const lines = await service.run(client, OLD_MODELS);
  assertEquals(lines, ["2 True", "[2, 4]", "[2, 4]", "[2, 4]", "[2, 4]", "['2']"]);
  const { inputs } = await service.registry.info("models:twice@2.0.0");
  assert(JSON.stringify(inputs).includes("team/old@1.0.0"));
});

const SEARCH = `
import math, mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
c = MlflowClient()
ids = {}
for team in ("a", "b"):
    e = mlflow.set_experiment(f"team/{team}").experiment_id
    for n in range(4):
        with mlflow.start_run(run_name=f"{team}{n}") as run:
            mlflow.log_param("depth", n); mlflow.log_metric("auc", math.nan if n == 3 else n / 4); mlflow.set_tag("stage", "x" * n)
            if n == 2: mlflow.log_metric("only", 1)
        ids[f"{team}{n}"] = run.info.run_id
open_run = c.create_run(e, run_name="open"); c.log_metric(open_run.info.run_id, "auc", 0.9)
names = lambda found: [r.info.run_name for r in found]
exps = [mlflow.get_experiment_by_name(f"team/{t}").experiment_id for t in ("a", "b")]
s = lambda filter="", order=None, **o: names(c.search_runs(exps, filter, order_by=order or ["metrics.auc DESC", "attributes.run_name"], **o))
print(s())
print(s("metrics.auc > 0.3 and params.depth = '2'"), s("tags.stage LIKE 'xx%'"), s("tags.\`stage\` ILIKE 'XX'"), s("metrics.only >= 1"))
print(s("attributes.status = 'RUNNING'"), s("run_name IN ('a1', 'b2')"), s("params.depth != '0' AND run_name LIKE 'a%'", ["params.depth DESC"]))
page, token, seen = None, None, []
while True:
    page = c.search_runs(exps, max_results=4, order_by=["attributes.run_name"], page_token=token)
    seen += names(page); token = page.token
    if not token: break
print(seen)
c.delete_run(ids["a0"])
print(len(s()), s(run_view_type=ViewType.DELETED_ONLY), len(s(run_view_type=ViewType.ALL)))
print(sorted(mlflow.search_runs(experiment_names=["team/a"])["params.depth"]))
print([e.name for e in c.search_experiments(filter_string="name LIKE 'team/%'", order_by=["name DESC"])])
for bad in ("metrics.auc > 0.1 OR metrics.auc < 0", "params.depth > '1'", "dataset.source = 'x'", "nothing = 'x'", "metrics.auc = 'x'"):
    try: print(s(bad))
    except MlflowException as e: print(e.error_code)
`;

clientTest(
  "runs and experiments are searched in MLflow's language",
  CLIENTS,
  async (client) => {
    await using service = await serveMlflow();
    const refused = Array(5).fill("INVALID_PARAMETER_VALUE");
    assertEquals(await service.run(client, SEARCH), [
      "['open', 'a2', 'b2', 'a1', 'b1', 'a0', 'b0', 'a3', 'b3']",
      "['a2', 'b2'] ['a2', 'b2', 'a3', 'b3'] ['a2', 'b2'] ['a2', 'b2']",
      "['open'] ['b2', 'a1'] ['a3', 'a2', 'a1']",
      "['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2', 'b3', 'open']",
      "8 ['a0'] 9",
      "['1', '2', '3']",
      "['team/b', 'team/a']",
      ...refused,
    ]);
  },
);
