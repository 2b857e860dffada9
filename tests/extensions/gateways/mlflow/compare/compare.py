"""Runs one list of steps against MLFLOW_TRACKING_URI, and prints the answer or the error of each."""

import json
import math
import pathlib
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

c = MlflowClient()
ids = {}


def plain(value):
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        for id, label in ids.items():
            if len(id) > 4:  # MLflow counts its experiments
                value = value.replace(id, label)
        return value
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def step(name, call, *args, **kwargs):
    try:
        answer = plain(call(*args, **kwargs))
    except MlflowException as error:
        answer = f"! {error.error_code}"
    except Exception as error:
        answer = f"! {type(error).__name__}"
    print(json.dumps([name, answer], default=lambda o: type(o).__name__), flush=True)


def made(label, id):
    ids[id] = label
    return id


def user_tags(tags):
    return {k: v for k, v in tags.items() if not k.startswith("mlflow.") and k != "toolongtag"}


def run(id):
    found = c.get_run(id)
    return [
        found.info.run_name,
        found.info.status,
        found.info.lifecycle_stage,
        found.info.start_time,
        found.info.end_time,
        {k: v for k, v in found.data.params.items() if k not in ("toolong", "q2")},
        {k: v + 0.0 for k, v in found.data.metrics.items() if abs(v) <= 1e308},
        user_tags(found.data.tags),
    ]


def points(id, key):
    return [[m.value, m.timestamp, m.step] for m in c.get_metric_history(id, key)]


def names(runs):
    return [r.info.run_name for r in runs]


# Experiments
e = made("E", c.create_experiment("cmp/a"))
step("experiment without a run twice", c.create_experiment, "cmp/a")
step("experiment without a name", c.create_experiment, "")
step("experiment without a run by name", lambda: c.get_experiment_by_name("cmp/a").name)
step("no experiment by name", c.get_experiment_by_name, "cmp/none")
step("experiment by id", lambda: [c.get_experiment(e).name, c.get_experiment(e).lifecycle_stage])
step("no experiment by id", c.get_experiment, "123456")
step(
    "experiment with tags",
    lambda: c.get_experiment(c.create_experiment("cmp/tags", tags={"a": "b"})).tags,
)
step(
    "experiment with an artifact location",
    lambda: bool(c.create_experiment("cmp/loc", artifact_location="/tmp/x")),
)
step("tag of an experiment", c.set_experiment_tag, e, "k", "v")
step(
    "rename an experiment",
    c.rename_experiment,
    made("E2", c.create_experiment("cmp/ren")),
    "cmp/renamed",
)
step("delete an experiment", lambda: c.delete_experiment(c.create_experiment("cmp/del")))
d = made("D", c.get_experiment_by_name("cmp/del").experiment_id)
step("deleted experiment", lambda: c.get_experiment(d).lifecycle_stage)
step("delete it again", c.delete_experiment, d)
step("create a deleted experiment", c.create_experiment, "cmp/del")
step("run of a deleted experiment", lambda: c.create_run(d).info.status)
step(
    "restore an experiment", lambda: [c.restore_experiment(d), c.get_experiment(d).lifecycle_stage]
)
step("restore it again", c.restore_experiment, d)
step("delete no experiment", c.delete_experiment, "123456")


def runs_of_deleted():
    c.set_terminated(c.create_run(d, start_time=900, run_name="of a deleted one").info.run_id)
    c.delete_experiment(d)
    found = [
        names(c.search_runs([d], run_view_type=v)) for v in (ViewType.ACTIVE_ONLY, ViewType.ALL)
    ]
    c.restore_experiment(d)
    return [found, names(c.search_runs([d]))]


step("runs of a deleted experiment", runs_of_deleted)

# Runs
r = made("R", c.create_run(e, start_time=900, run_name="one", tags={"t": "1"}).info.run_id)
step("new run", run, r)
step("experiment by name", lambda: c.get_experiment_by_name("cmp/a").name)
step("experiment twice", c.create_experiment, "cmp/a")
step("run of no experiment", lambda: c.create_run("123456").info.status)
step("no run", c.get_run, "0" * 32)
step(
    "params",
    lambda: [
        c.log_param(r, "a", 1),
        c.log_param(r, "b", 0.1),
        c.log_param(r, "c", None),
        c.log_param(r, "d", True),
    ],
)
step("the same param", c.log_param, r, "a", "1")
step("another value of a param", c.log_param, r, "a", "2")
step("long param", c.log_param, r, "long", "x" * 6000)
step("too long param", c.log_param, r, "toolong", "x" * 6001)
step("empty param", c.log_param, r, "empty", "")
step("key with a slash", c.log_param, r, "a/b", "x")
step("key with two dots", c.log_param, r, "../x", "x")
step("key with odd characters", c.log_param, r, "a&b", "x")
step("empty key", c.log_param, r, "", "x")
step("key of unicode", c.log_param, r, "ü", "x")
step("key with a colon", c.log_param, r, "a:b", "x")
step("long key", c.log_param, r, "k" * 250, "x")
step("too long key", c.log_param, r, "k" * 251, "x")
for v in (1, 0.1, -0.0, 1e308, 5e-324, math.nan, math.inf, -math.inf, True, 10**15):
    step(
        f"metric {v!r}",
        lambda: [
            c.log_metric(r, f"m{v}".replace("+", "p"), v, 2000, 0),
            points(r, f"m{v}".replace("+", "p")),
        ],
    )
step("metric of text", c.log_metric, r, "text", "x")
step("metric with a negative step", lambda: [c.log_metric(r, "neg", 1, 2000, -5), points(r, "neg")])
step("metric without a time", lambda: [c.log_metric(r, "notime", 1), len(points(r, "notime"))])
step(
    "the same point twice",
    lambda: [
        c.log_metric(r, "twice", 1, 2000, 1),
        c.log_metric(r, "twice", 1, 2000, 1),
        points(r, "twice"),
    ],
)
step(
    "two values at a step",
    lambda: [
        c.log_metric(r, "two", 1, 2000, 1),
        c.log_metric(r, "two", 2, 2000, 1),
        points(r, "two"),
        c.get_run(r).data.metrics["two"],
    ],
)
step(
    "an earlier step later",
    lambda: [
        c.log_metric(r, "order", 5, 2000, 9),
        c.log_metric(r, "order", 1, 3000, 2),
        c.get_run(r).data.metrics["order"],
        points(r, "order"),
    ],
)
step(
    "an earlier time later",
    lambda: [
        c.log_metric(r, "ts", 5, 2000, 1),
        c.log_metric(r, "ts", 1, 1000, 1),
        c.get_run(r).data.metrics["ts"],
    ],
)
step("no points", points, r, "nosuch")
step(
    "tags",
    lambda: [
        c.set_tag(r, "x", "1"),
        c.set_tag(r, "x", "2"),
        c.set_tag(r, "n", 5),
        c.set_tag(r, "e", ""),
    ],
)
step("long tag", c.set_tag, r, "longtag", "x" * 8000)
step("too long tag", c.set_tag, r, "toolongtag", "x" * 8001)
step("delete a tag", c.delete_tag, r, "x")
step("delete no tag", c.delete_tag, r, "nosuch")
step(
    "batch",
    lambda: c.log_batch(
        r,
        [Metric("bm", i, 2000 + i, i) for i in range(10)],
        [Param("bp", "1")],
        [RunTag("bt", "1")],
    ),
)
step("batch with a param twice", lambda: c.log_batch(r, [], [Param("q", "1"), Param("q", "2")], []))
step(
    "batch with a param twice, alike",
    lambda: c.log_batch(r, [], [Param("q2", "1"), Param("q2", "1")], []),
)
step(
    "batch with a changed param",
    lambda: c.log_batch(r, [Metric("after", 1, 2000, 0)], [Param("a", "other")], []),
)
step("what is left of that batch", points, r, "after")
step("batch of nothing", lambda: c.log_batch(r, [], [], []))
step("rename a run", lambda: [c.update_run(r, name="uno"), c.get_run(r).info.run_name])
step("status by update", lambda: [c.update_run(r, status="SCHEDULED"), c.get_run(r).info.status])
step("wrong status", c.update_run, r, "WHAT")
step("end", lambda: [c.set_terminated(r, "FINISHED", 9000), run(r)])
step(
    "end again",
    lambda: [
        c.set_terminated(r, "FAILED", 9500),
        c.get_run(r).info.status,
        c.get_run(r).info.end_time,
    ],
)
step(
    "log after the end",
    lambda: [
        c.log_metric(r, "late", 1, 2000, 0),
        c.log_param(r, "late", 1),
        c.set_tag(r, "late", "x"),
        run(r)[5:],
    ],
)
step("change a param after the end", c.log_param, r, "a", "3")
step("delete a run", lambda: [c.delete_run(r), c.get_run(r).info.lifecycle_stage])
step("log to a deleted run", c.log_metric, r, "dead", 1, 2000, 0)
step("param of a deleted run", c.log_param, r, "dead", 1)
step("tag of a deleted run", c.set_tag, r, "dead", 1)
step("search active", lambda: names(c.search_runs([e])))
step("search deleted", lambda: names(c.search_runs([e], run_view_type=ViewType.DELETED_ONLY)))
step("search all", lambda: names(c.search_runs([e], run_view_type=ViewType.ALL)))
step("delete it again", c.delete_run, r)
step("restore", lambda: [c.restore_run(r), c.get_run(r).info.lifecycle_stage])
step("restore again", c.restore_run, r)

# Search
s = made("S", c.create_experiment("cmp/search"))
for i in range(12):
    x = c.create_run(
        s,
        start_time=1000 + i,
        run_name=f"run{i}",
        tags={"group": "odd" if i % 2 else "even", "sp ace": "y"},
    ).info.run_id
    ids[x] = f"S{i}"
    c.log_batch(
        x,
        [Metric("loss", i / 10, 2000, 0), Metric("val/acc", 1 - i / 10, 2000, 0)]
        + ([Metric("some", i, 2000, 0)] if i % 3 else [])
        + ([Metric("nan", math.nan if i == 3 else i, 2000, 0)]),
        [Param("lr", str(i)), Param("Opt", "Adam" if i < 6 else "SGD")],
        [],
    )
    if i != 11:
        c.set_terminated(x, "FAILED" if i == 4 else "FINISHED", 5000 + i)
filters = [
    "",
    "metrics.loss < 0.5",
    "metrics.loss <= 0.5 and params.lr != '2'",
    "metrics.loss > 0.5 AND metrics.loss < 0.9",
    "params.Opt = 'Adam'",
    "params.Opt LIKE 'A%'",
    "params.Opt ILIKE 'a%'",
    "params.Opt LIKE '%da_'",
    "params.opt = 'Adam'",
    "params.lr > '5'",
    "params.lr = 5",
    "metrics.loss = '0.5'",
    "tags.group = 'odd'",
    "tags.group != 'odd'",
    "tag.group = 'odd'",
    "param.lr = '1'",
    "metric.loss = 0.1",
    "parameters.lr = '1'",
    "tags.`sp ace` = 'y'",
    "tags.\"sp ace\" = 'y'",
    "metrics.`val/acc` > 0.5",
    'metrics."val/acc" > 0.5',
    "attributes.status = 'FAILED'",
    "status = 'RUNNING'",
    "attributes.status != 'FINISHED'",
    "attributes.run_name = 'run3'",
    "run_name LIKE 'run1%'",
    "attributes.`run name` = 'run3'",
    "attributes.start_time > 1005",
    "attributes.start_time = 1005",
    "start_time >= 1003 and start_time < 1006",
    "attributes.end_time > 5009",
    "tags.mlflow.runName = 'run2'",
    "tags.`mlflow.runName` = 'run2'",
    "metrics.some > 1",
    "metrics.some != 1",
    "metrics.nan > 5",
    "metrics.nosuch > 1",
    "params.nosuch = 'x'",
    "params.nosuch != 'x'",
    "params.lr IN ('1','2')",
    "params.lr NOT IN ('1')",
    "attributes.run_id IN ('x')",
    "attributes.run_name IN ('run1','run2')",
    "tags.group IS NULL",
    "tags.nosuch IS NULL",
    "tags.group IS NOT NULL",
    "params.lr IS NULL",
    "metrics.loss IS NULL",
    "metrics.some IS NOT NULL",
    "metrics.loss < 0.5 OR params.lr = '9'",
    "(metrics.loss < 0.5)",
    "metrics.loss",
    "loss < 0.5",
    "metrics.loss < abc",
    "params.lr LIKE 5",
    "metrics.loss LIKE '1'",
    "attributes.nosuch = 'x'",
    "NOT metrics.loss < 1",
    "metrics.loss < 0.5 AND",
    "metrics.loss == 0.5",
    "metrics.loss <> 0.5",
    "tags.group = odd",
    "user_id = 'x'",
    "attributes.artifact_uri LIKE '%artifacts'",
    "foo.bar = 'x'",
    "metrics.loss < 1e-1",
    "metrics.loss > -1",
    "metrics.loss>0.9",
    "params.Opt='Adam' and params.Opt='SGD'",
    "dataset.name = 'x'",
    "datasets.name = 'x'",
    "metrics.loss = 0.30",
    'params.Opt = "Adam"',
    "attributes.status = 'finished'",
    "attributes.status IN ('FAILED')",
    "attributes.created > 1005",
    "attributes.lifecycle_stage = 'active'",
    "params.Opt LIKE 'A_am'",
    "attributes.start_time > '1005'",
]
for f in filters:
    step(f"search {f}", lambda: names(c.search_runs([s], f)))
orders = [
    ["metrics.loss ASC"],
    ["metrics.loss DESC"],
    ["metrics.loss"],
    ["metrics.some"],
    ["metrics.some DESC"],
    ["metrics.nan"],
    ["metrics.nan DESC"],
    ["params.lr"],
    ["params.lr DESC"],
    ["params.Opt", "metrics.loss DESC"],
    ["attributes.start_time ASC"],
    ["start_time DESC"],
    ["tags.group DESC", "start_time"],
    ["attributes.status", "start_time"],
    ["attributes.end_time", "start_time"],
    ["run_name"],
    ["metrics.nosuch"],
    ["nosuch"],
    ["metrics.loss UP"],
    ["metrics.`val/acc`"],
    ["metrics.loss asc"],
    ["attributes.run_name DESC"],
    ["created"],
    [""],
    ["params.nosuch"],
    ["metrics.loss; drop"],
]
for o in orders:
    step(f"order {o}", lambda: names(c.search_runs([s], order_by=o)))


def pages(size, **kwargs):
    token, all = None, []
    while True:
        found = c.search_runs([s], max_results=size, page_token=token, **kwargs)
        all.append(names(found))
        token = found.token
        if not token:
            return all


step("pages of 5", pages, 5)
step("pages of 6", pages, 6)
step("pages of 5 by loss", pages, 5, order_by=["metrics.loss DESC"])
step("page of 0", pages, 0)
step("page of 50001", pages, 50001)
step("page of a wrong token", lambda: names(c.search_runs([s], page_token="x")))
step("search in no experiment", lambda: names(c.search_runs(["123456"])))
step("search in nothing", lambda: names(c.search_runs([])))
step("search in two", lambda: names(c.search_runs([s, e])))
for f in [
    "name = 'cmp/a'",
    "name LIKE 'cmp/s%'",
    "name ILIKE 'CMP/S%'",
    "name != 'cmp/a'",
    "attribute.name = 'cmp/a'",
    "tags.x = 'y'",
    "creation_time > 0",
    "nosuch = 'x'",
    "name < 'x'",
    "name = 5",
]:
    step(
        f"experiments {f}",
        lambda: sorted(
            x.name
            for x in c.search_experiments(filter_string=f)
            if x.name in ("cmp/a", "cmp/search")
        ),
    )
step(
    "experiments by name",
    lambda: [
        x.name
        for x in c.search_experiments(order_by=["name DESC"])
        if x.name in ("cmp/a", "cmp/search")
    ],
)
step(
    "experiments, wrong order", lambda: [x.name for x in c.search_experiments(order_by=["nosuch"])]
)

# Artifacts
a = made("A", c.create_run(e, start_time=1000, run_name="art").info.run_id)


def listed(path=None):
    return sorted([f.path, f.is_dir, f.file_size or 0] for f in c.list_artifacts(a, path))


step("no artifacts", listed)
step(
    "artifacts",
    lambda: [
        c.log_text(a, "one", "one.txt"),
        c.log_text(a, "two", "d/two.txt"),
        c.log_dict(a, {"x": 1}, "d/e/x.json"),
        listed(),
    ],
)
step("list a folder", listed, "d")
step("list a deeper folder", listed, "d/e")
step("list a file", listed, "one.txt")
step("list nothing", listed, "nosuch")
step("list above", listed, "..")
step("list absolute", listed, "/etc")
step(
    "file with odd characters",
    lambda: [
        c.log_text(a, "x", "ü ö#?%.txt"),
        pathlib.Path(c.download_artifacts(a, "ü ö#?%.txt")).read_text(),
    ],
)
step(
    "empty file",
    lambda: [
        c.log_text(a, "", "empty.txt"),
        pathlib.Path(c.download_artifacts(a, "empty.txt")).read_text(),
    ],
)
step(
    "log again",
    lambda: [
        c.log_text(a, "uno", "one.txt"),
        pathlib.Path(c.download_artifacts(a, "one.txt")).read_text(),
    ],
)
step("download nothing", c.download_artifacts, a, "nosuch")
step(
    "download a folder",
    lambda: sorted(
        str(p.relative_to(q))
        for q in [pathlib.Path(c.download_artifacts(a, "d"))]
        for p in q.rglob("*")
    ),
)
step("log above", c.log_text, a, "x", "../up.txt")
step("log absolute", c.log_text, a, "x", "/abs.txt")
c.set_terminated(a, "FINISHED", 9000)
step("artifact after the end", lambda: [c.log_text(a, "late", "late.txt"), listed()])
step("load text", lambda: mlflow.artifacts.load_text(f"runs:/{a}/d/two.txt"))
step("load dict", lambda: mlflow.artifacts.load_dict(f"runs:/{a}/d/e/x.json"))


# Models without versions
def model(name):
    m = c.get_registered_model(name)
    return [m.name, m.description, m.tags, m.latest_versions, m.aliases]


def tagged(f):
    return sorted(m.name for m in c.search_registered_models(f) if m.name.startswith("cmpe"))


step(
    "model with tags",
    lambda: [c.create_registered_model("cmpe", {"a": "b"}, "words").tags, model("cmpe")],
)
step("model with tags twice", lambda: c.create_registered_model("cmpe", {"a": "c"}).name)
step("search a model without versions", lambda: [tagged("name = 'cmpe'"), tagged("tags.a = 'b'")])
step("tag it", lambda: [c.set_registered_model_tag("cmpe", "k", 5), model("cmpe")])
step("untag it", lambda: [c.delete_registered_model_tag("cmpe", "a"), model("cmpe")])
step("describe it", lambda: [c.update_registered_model("cmpe", "more"), model("cmpe")])
step(
    "its versions", lambda: [c.get_latest_versions("cmpe"), c.search_model_versions("name='cmpe'")]
)
step("alias of it", c.set_registered_model_alias, "cmpe", "x", 1)
step("rename it", lambda: [c.rename_registered_model("cmpe", "cmpe2").name, model("cmpe2")])
step("its old name", c.get_registered_model, "cmpe")
step("rename it to itself", c.rename_registered_model, "cmpe2", "cmpe2")
step("rename no model", c.rename_registered_model, "cmpe", "cmpe3")
step("rename it to no name", c.rename_registered_model, "cmpe2", "")
step("its first version", lambda: c.create_model_version("cmpe2", f"runs:/{a}/d", run_id=a).version)
step("tags after that", lambda: [model("cmpe2")[i] for i in (0, 1, 2, 4)])
step("delete it", lambda: [c.delete_registered_model("cmpe2"), tagged("")])
step(
    "delete a model without versions",
    lambda: [
        c.create_registered_model("cmpe2").name,
        model("cmpe2"),
        c.delete_registered_model("cmpe2"),
        tagged(""),
    ],
)

# Models
step("model", lambda: c.create_registered_model("cmpm").name)
step("model twice", lambda: c.create_registered_model("cmpm").name)
step("model of an empty name", lambda: c.create_registered_model("").name)
step("model with a slash", lambda: c.create_registered_model("a/b").name)
step("model with a colon", lambda: c.create_registered_model("a:b").name)
step("no model", lambda: c.get_registered_model("nosuch").name)
step("version", lambda: c.create_model_version("cmpm", f"runs:/{a}/d", run_id=a).version)
step(
    "second version",
    lambda: (
        c.create_model_version(
            "cmpm", f"runs:/{a}/d", run_id=a, tags={"k": "v"}, description="words"
        ).version
    ),
)
step("version of no model", lambda: c.create_model_version("nosuch", f"runs:/{a}/d").version)
step(
    "get version",
    lambda: [
        (v.version, v.status, v.run_id, v.tags, v.description, v.current_stage, v.aliases)
        for v in [c.get_model_version("cmpm", "2")]
    ],
)
step("no version", lambda: c.get_model_version("cmpm", "9").version)
step("version that is no number", lambda: c.get_model_version("cmpm", "x").version)
step(
    "model after versions",
    lambda: [(m.name, m.description, m.tags, m.aliases) for m in [c.get_registered_model("cmpm")]],
)
step(
    "alias",
    lambda: [
        c.set_registered_model_alias("cmpm", "champion", 1),
        c.get_model_version_by_alias("cmpm", "champion").version,
    ],
)
step(
    "move the alias",
    lambda: [
        c.set_registered_model_alias("cmpm", "champion", "2"),
        c.get_model_version_by_alias("cmpm", "champion").version,
    ],
)
step("alias to no version", c.set_registered_model_alias, "cmpm", "x", 9)
step(
    "alias that is a number",
    lambda: [
        c.set_registered_model_alias("cmpm", "1", 1),
        c.delete_registered_model_alias("cmpm", "1"),
    ],
)
step("alias v1", c.set_registered_model_alias, "cmpm", "v1", 1)
step("alias latest", c.set_registered_model_alias, "cmpm", "latest", 1)
step("alias with odd characters", c.set_registered_model_alias, "cmpm", "a b", 1)
step(
    "alias in capitals",
    lambda: [
        c.set_registered_model_alias("cmpm", "Prod", 1),
        c.get_model_version_by_alias("cmpm", "prod").version,
    ],
)
step("no alias", lambda: c.get_model_version_by_alias("cmpm", "nosuch").version)
step("aliases", lambda: c.get_registered_model("cmpm").aliases)
step("delete an alias", c.delete_registered_model_alias, "cmpm", "champion")
step("delete no alias", c.delete_registered_model_alias, "cmpm", "nosuch")
step(
    "model tags",
    lambda: [c.set_registered_model_tag("cmpm", "a", "b"), c.get_registered_model("cmpm").tags],
)
step(
    "version tags",
    lambda: [c.set_model_version_tag("cmpm", "1", "a", "b"), c.get_model_version("cmpm", "1").tags],
)
step(
    "delete model tag",
    lambda: [c.delete_registered_model_tag("cmpm", "a"), c.get_registered_model("cmpm").tags],
)
step("delete no model tag", lambda: c.delete_registered_model_tag("cmpm", "nosuch"))
step(
    "delete version tag",
    lambda: [c.delete_model_version_tag("cmpm", "1", "a"), c.get_model_version("cmpm", "1").tags],
)
step(
    "describe",
    lambda: [
        c.update_registered_model("cmpm", "words"),
        c.get_registered_model("cmpm").description,
        c.update_model_version("cmpm", "1", "more"),
        c.get_model_version("cmpm", "1").description,
    ],
)
step("latest versions", lambda: [v.version for v in c.get_latest_versions("cmpm")])
for f in [
    "",
    "name = 'cmpm'",
    "name='cmpm' and run_id = 'x'",
    f"run_id = '{a}'",
    "version_number = 1",
    "version_number > 1",
    "tags.k = 'v'",
    "nosuch = 1",
    "name LIKE 'cmp%'",
    "source_path = 'x'",
    "name != 'x'",
]:
    step(
        f"versions {plain(f)}",
        lambda: sorted(int(v.version) for v in c.search_model_versions(f) if v.name == "cmpm"),
    )
for f in [
    "",
    "name = 'cmpm'",
    "name LIKE 'cmp%'",
    "name ILIKE 'CMP%'",
    "tags.a = 'b'",
    "nosuch = 1",
    "name != 'x'",
]:
    step(
        f"models {f}",
        lambda: sorted(m.name for m in c.search_registered_models(f) if m.name == "cmpm"),
    )


def rename():
    c.rename_registered_model("cmpm", "cmpn")
    c.rename_registered_model("cmpn", "cmpm")
    return c.get_registered_model("cmpm").name


step("rename a model", rename)
step(
    "versions in the usual order",
    lambda: [
        c.create_registered_model("cmpz").name,
        c.create_model_version("cmpz", f"runs:/{a}/d", run_id=a).version,
        [(v.name, v.version) for v in c.search_model_versions("name LIKE 'cmp%'")],
        c.delete_registered_model("cmpz"),
    ],
)
step("copy a version", lambda: c.copy_model_version("models:/cmpm/1", "cmpcopy").version)
step("download uri", lambda: bool(c.get_model_version_download_uri("cmpm", "1")))
step(
    "delete a version",
    lambda: [
        c.delete_model_version("cmpm", "2"),
        sorted(v.version for v in c.search_model_versions("name='cmpm'")),
    ],
)
step("a deleted version", lambda: c.get_model_version("cmpm", "2").version)
step("delete no version", c.delete_model_version, "cmpm", "9")
step("next version", lambda: c.create_model_version("cmpm", f"runs:/{a}/d", run_id=a).version)
step(
    "delete the last version",
    lambda: [
        c.delete_model_version("cmpm", "3"),
        c.create_model_version("cmpm", f"runs:/{a}/d", run_id=a).version,
    ],
)
step(
    "aliases at the end",
    lambda: [
        c.delete_registered_model_alias("cmpm", x) for x in c.get_registered_model("cmpm").aliases
    ],
)
step(
    "delete a model",
    lambda: [c.delete_registered_model("cmpm"), c.get_registered_model("cmpm").name],
)
step("delete it again", c.delete_registered_model, "cmpm")
step(
    "make it again",
    lambda: [
        c.create_registered_model("cmpm").name,
        c.create_model_version("cmpm", f"runs:/{a}/d", run_id=a).version,
    ],
)
