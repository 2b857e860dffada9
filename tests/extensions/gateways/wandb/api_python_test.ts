// Runs that programs read back by `wandb.Api()`, with the clients of W&B.
import { assertEquals } from "@std/assert";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { clientTest, serveWandb } from "./serve_wandb.ts";

const READ = `
import json, wandb
run = wandb.init(project="digits", id="abc", name="first", config={"lr": 0.1, "opt": {"name": "adam"}}, tags=["a"], group="g")
for i in range(30): run.log({"loss": 30 - i, "n": {"acc": i / 32}})
open("w.txt", "w").write("weights"); run.save("w.txt")
a = wandb.Artifact("model", type="model"); a.add_file("w.txt"); run.log_artifact(a).wait()
run.summary["best"] = 7
run.finish()
run = wandb.init(project="digits", id="two", config={"lr": 0.2})
run.use_artifact("model:latest"); run.log({"loss": 1}); run.finish(exit_code=1)
api = wandb.Api()
r = api.run("digits/abc")
def show(value): print("> " + json.dumps(value))
show([r.id, r.name, r.state, r.tags, r.group, r.config["lr"], r.config["opt"], r.summary.get("best"), r.summary.get("loss")])
rows = r.history(pandas=False)
show([len(rows), rows[3]["loss"], rows[3]["n.acc"], rows[3]["_step"], len(r.history(samples=10, pandas=False)) <= 10])
show([row["loss"] for row in r.history(keys=["loss", "n.acc"], pandas=False)] == list(range(30, 0, -1)))
show([row["loss"] for row in r.scan_history()] == list(range(30, 0, -1)))
show([row["loss"] for row in r.scan_history(keys=["loss"], page_size=7)] == list(range(30, 0, -1)))
show([row["_step"] for row in r.scan_history(page_size=7, min_step=3, max_step=12)])
files = {f.name: f for f in r.files(per_page=2)}
show([sorted(set(files) & {"config.yaml", "w.txt", "wandb-summary.json", "history.jsonl"}), r.file("w.txt").download(root="down").read()])
show([[f.name for f in r.files(pattern=each)] for each in ["wandb-sum%", "_.txt", "conf%.y_ml", "%\\\\_%", "%(%"]])
def ids(**given): return [each.id for each in api.runs("digits", **given)]
show(ids(per_page=1))
show(ids(order="-created_at", filters={"state": {"$ne": "running"}}))
show(ids(order="+summary_metrics.best", filters={"summary_metrics.loss": 1}))
show(ids(order="-config.lr"))
show(ids(filters={"$and": [{"config.lr": {"$gt": 0.15}}, {"state": "failed"}]}))
show([each.config["lr"] for each in api.runs("digits", filters={"tags": {"$in": ["a", "none"]}})])
show(ids(filters={"display_name": {"$regex": "^f.rst$"}}))
show(ids(order="+name", filters={"$or": [{"config.opt.name": {"$regex": "ADAM", "$options": "i"}}, {"$nor": [{"state": "running"}, {"tags": {"$regex": "a"}}]}]}))
show(ids(filters={"state": {"$not": {"$regex": "run|fin"}}, "duration": {"$gte": 0}}))
for filters in [{"name": {"$regex": "(?=a)"}}, {"name": {"$where": 1}}, {"$or": {}}]:
    try: ids(filters=filters)
    except Exception as error: show([word for word in ["(? is not supported", "$where", "a list of filters"] if word in str(error)])
show([[a.name for a in r.logged_artifacts()], [a.name for a in api.run("digits/two").used_artifacts()]])
for path in ["digits/none", "none/abc"]:
    try: api.run(path).config
    except Exception as error: show(type(error).__name__)
`;

clientTest("runs, histories, summaries, files and artifacts are read back", async (client) => {
  await using service = await serveWandb();
  const other = await openRun(service.registry, "digits", { id: "other", params: { lr: 9 } });
  other.log({ step: 0, loss: 2 });
  await other.flush();
  const lines = (await service.run(client, READ)).map((line) => JSON.parse(line.slice(2)));
  assertEquals(lines, [
    ["abc", "first", "finished", ["a"], "g", 0.1, { name: "adam" }, 7, 1],
    [30, 27, 3 / 32, 3, true],
    true,
    true,
    true,
    [3, 4, 5, 6, 7, 8, 9, 10, 11],
    [["config.yaml", "w.txt", "wandb-summary.json"], "weights"],
    [["wandb-summary.json"], ["w.txt"], ["config.yaml"], [], []],
    ["other", "abc", "two"],
    ["two", "abc"],
    ["abc", "two"],
    ["other", "two", "abc"],
    ["two"],
    [0.1],
    ["abc"],
    ["abc", "two"],
    ["two"],
    ["(? is not supported"],
    ["$where"],
    ["a list of filters"],
    [["model:v0"], ["model:v0"]],
    "CommError",
    "CommError",
  ]);
  assertEquals(service.logged, []);
});

const LISTS = `
import json, wandb
def show(value): print("> " + json.dumps(value))
run = wandb.init(project="digits", id="one")
for name, kind, texts in [("model", "model", "abc"), ("data", "dataset", "x")]:
    for text in texts:
        a = wandb.Artifact(name, type=kind); 
        with a.new_file("t.txt", "w") as file: file.write(text)
        run.log_artifact(a, aliases=["best"] if text == "b" else []).wait()
run.finish()
run = wandb.init(project="digits", id="two")
run.use_artifact("model:best")
open("w.txt", "w").write("weights"); run.save("w.txt")
import time
for _ in range(300):
    time.sleep(0.1)
    if len(files := [f for f in wandb.Api().run("digits/two").files() if f.name == "w.txt"]): break
show([files[0].name, files[0].size, files[0].download(root="down").read()])
api = wandb.Api()
show(sorted(each.name for each in api.artifact_types("digits")))
kind = api.artifact_type("model", "digits")
show([kind.name, [each.name for each in kind.collections()], kind.collection("model").aliases])
show([each.name for each in api.artifact_collections("digits", "dataset")])
show([each.name for each in api.artifacts("model", "digits/model", per_page=2)])
show([sorted(each.aliases) for each in api.artifact_versions("model", "digits/model")])
show([api.artifact_exists("digits/model:" + each) for each in ["v1", "best", "v7"]])
show([api.artifact_collection_exists("digits/" + each, "model") for each in ["model", "none"]])
show([each.name for each in api.run("digits/one").logged_artifacts(per_page=1)])
show([each.name for each in api.run("digits/two").used_artifacts()])
a = api.artifact("digits/model:best")
show([a.logged_by().id, [each.id for each in a.used_by()], [each.name for each in a.files()]])
run.finish()
show([[each.id for each in a.used_by()], len(api.artifact("digits/model:v0").used_by())])
`;

clientTest("artifacts are listed, with the runs that log and use them", async (client) => {
  await using service = await serveWandb();
  const lines = (await service.run(client, LISTS)).map((line) => JSON.parse(line.slice(2)));
  assertEquals(lines, [
    ["w.txt", 7, "weights"],
    ["dataset", "model"],
    ["model", ["model"], ["latest", "best"]],
    ["data"],
    ["model:v2", "model:v1", "model:v0"],
    [["latest"], ["best"], []],
    [true, true, false],
    [true, false],
    ["model:v0", "model:v1", "model:v2", "data:v0"],
    ["model:v1"],
    ["one", ["two"], ["t.txt"]],
    [["two"], 0],
  ]);
  assertEquals(service.logged, []);
});
