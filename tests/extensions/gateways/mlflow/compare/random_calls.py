"""Sends random calls to MLFLOW_TRACKING_URI, the same ones for a seed, and prints each with its answer.

What is called depends on the seed alone, never on an answer: two servers get the same calls. Ids are
printed by labels. Calls that docs/mlflow.md names as different are left out.
"""

import json
import math
import os
import pathlib
import random
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

seed = int(os.environ["CALLS_SEED"])
count = int(os.environ["CALLS_COUNT"])
rng = random.Random(seed)
prefix = f"r{seed}"
c = MlflowClient()

ids = {}  # by label
labels = {}  # by id
experiments = []
runs = []
models = []
ended = set()
deleted = set()
artifacts = {}
versions = {}

KEYS = ["loss", "acc", "a b", "val/acc", "x.y", "A"]
TEXTS = ["1", "2", "0.5", "Adam", "SGD", "a_b", "50%", "", "é", "it's", "x" * 300]
# MLflow cuts a name at `;` in a URL. Paths of Holdfast have no backslash.
CHARACTERS = [chr(n) for n in range(32, 127) if chr(n) not in "/;\\"] + list("é\u00a0日😀ß")


def plain(value):
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        for id, label in labels.items():
            if len(id) > 4:
                value = value.replace(id, label)
        return value
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def keep(label, id):
    ids[label] = id
    labels[id] = label


def call(name, fn):
    try:
        answer = plain(fn())
    except MlflowException as error:
        answer = f"! {error.error_code}"
    except Exception as error:
        answer = f"! {type(error).__name__}"
    print(json.dumps([name, answer], default=lambda o: type(o).__name__), flush=True)


def shown(run):
    tags = dict(run.data.tags)
    name = tags.get("mlflow.runName")
    auto = run.info.run_name == name and labels.get(run.info.run_id) in unnamed
    for own in ("mlflow.user", "mlflow.source.name", "mlflow.source.type"):
        tags.pop(own, None)
    if auto:
        tags["mlflow.runName"] = "auto"
    return [
        "auto" if auto else run.info.run_name,
        run.info.status,
        run.info.lifecycle_stage,
        run.info.start_time,
        run.info.end_time,
        run.info.experiment_id == ids.get(experiment_of[labels[run.info.run_id]]),
        run.data.params,
        run.data.metrics,
        tags,
    ]


unnamed = set()
experiment_of = {}


def value():
    return rng.choice([rng.randint(-3, 3), rng.random(), 1e-9, 1e300, math.nan, 0.1, -0.5])


def metric():
    return Metric(rng.choice(KEYS), value(), rng.randint(1000, 1003), rng.randint(-1, 3))


def create_experiment():
    label = f"E{len(experiments)}"
    experiments.append(label)
    tags = {"k": rng.choice(TEXTS) or "v"} if rng.random() < 0.5 else None
    call(
        f"create_experiment {label}",
        lambda: keep(label, c.create_experiment(f"{prefix}/{label}", tags=tags)),
    )


def create_run():
    label, of = f"R{len(runs)}", rng.choice(experiments)
    runs.append(label)
    experiment_of[label] = of
    tags, kwargs = {}, {}
    if rng.random() < 0.5:
        kwargs["run_name"] = rng.choice(["one", "two", label])
    if rng.random() < 0.3:
        tags["mlflow.runName"] = kwargs.get("run_name", "tagged")
    if rng.random() < 0.5:
        tags["group"] = rng.choice(TEXTS)
    if not kwargs and "mlflow.runName" not in tags:
        unnamed.add(label)
    start = 1000 + len(runs)

    def create():
        run = c.create_run(ids[of], start_time=start, tags=tags, **kwargs)
        keep(label, run.info.run_id)
        return shown(run)

    call(f"create_run {label} in {of} {kwargs} {tags}", create)


def some_run():
    return rng.choice(runs)


def log():
    r = some_run()
    kind = rng.choice(["metric", "param", "tag", "batch", "batch"])
    if kind == "metric":
        m = metric()
        call(
            f"log_metric {r} {m.key} {m.value} {m.timestamp} {m.step}",
            lambda: c.log_metric(ids[r], m.key, m.value, m.timestamp, m.step),
        )
    elif kind == "param":
        key, text = rng.choice(KEYS), rng.choice(TEXTS)
        call(f"log_param {r} {key} {text}", lambda: c.log_param(ids[r], key, text))
    elif kind == "tag":
        key, text = rng.choice(KEYS + ["mlflow.note.content"]), rng.choice(TEXTS)
        call(f"set_tag {r} {key} {text}", lambda: c.set_tag(ids[r], key, text))
    else:
        metrics = [metric() for _ in range(rng.randint(0, 5))]
        keys = rng.sample(KEYS, 2)
        params = [Param(k, rng.choice(TEXTS)) for k in keys[: rng.randint(0, 2)]]
        tags = [RunTag(k, rng.choice(TEXTS)) for k in keys[: rng.randint(0, 2)]]
        told = [(m.key, m.value, m.timestamp, m.step) for m in metrics]
        told += [(p.key, p.value) for p in params] + [(t.key, t.value) for t in tags]
        call(f"log_batch {r} {told}", lambda: c.log_batch(ids[r], metrics, params, tags))


def bad_log():
    r = some_run()
    call(
        f"bad {r}",
        rng.choice([
            lambda: c.log_metric(ids[r], "../m", 1),
            lambda: c.log_metric(ids[r], "a\u0000", 1),
            lambda: c.log_param(ids[r], "k" * 251, "1"),
            lambda: c.set_tag(ids[r], "", "1"),
            lambda: c.log_batch(ids[r], [Metric("m", 1, 1, 0)] * 1001),
            lambda: c.set_terminated(ids[r], "DONE"),
            lambda: c.get_metric_history(ids[r], ""),
            lambda: c.delete_tag(ids[r], "nosuch"),
            lambda: c.get_run("nosuch"),
            lambda: c.create_run(ids[experiment_of[r]], run_name="a", tags={"mlflow.runName": "b"}),
        ]),
    )


def end():
    r, status = some_run(), rng.choice(["FINISHED", "FINISHED", "FAILED", "KILLED"])
    if r in deleted:
        return
    ended.add(r)
    call(f"set_terminated {r} {status}", lambda: c.set_terminated(ids[r], status, 5000 + len(runs)))


def rename():
    r, name = some_run(), rng.choice(["one", "renamed"])
    if r not in deleted:  # else both refuse, and it keeps the name that the server made
        unnamed.discard(r)
    call(f"update_run {r} {name}", lambda: c.update_run(ids[r], name=name))


def get():
    r = some_run()
    call(f"get_run {r}", lambda: shown(c.get_run(ids[r])))


def history():
    r, key = some_run(), rng.choice(KEYS)
    call(
        f"get_metric_history {r} {key}",
        lambda: [(m.value, m.timestamp, m.step) for m in c.get_metric_history(ids[r], key)],
    )


def delete_or_restore():
    r = some_run()
    if r not in ended:
        return  # docs: one that goes on is discarded
    if r in deleted:
        deleted.discard(r)
        call(f"restore_run {r}", lambda: c.restore_run(ids[r]))
    else:
        deleted.add(r)
        call(f"delete_run {r}", lambda: c.delete_run(ids[r]))


def path():
    name = "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(1, 3)))
    if name.strip(". ") == "" or name != name.strip():
        name = f"a{name}b"
    if name in ("d", "e"):
        name = "f"  # not a folder of others
    return rng.choice(["", "d/", "d/e/"]) + name


def log_artifact():
    r, at, text = some_run(), path(), rng.choice(TEXTS)
    if r in deleted:
        return
    call(f"log_text {r} {at!r} {text}", lambda: c.log_text(ids[r], text, at))
    artifacts.setdefault(r, []).append(at)


def list_artifacts():
    r, at = some_run(), rng.choice([None, "d", "d/e", "nosuch"])
    call(
        f"list_artifacts {r} {at}",
        lambda: sorted([f.path, f.is_dir, f.file_size or 0] for f in c.list_artifacts(ids[r], at)),
    )


def read_artifact():
    r = some_run()
    at = rng.choice(artifacts.get(r, []) + ["nosuch"])
    call(
        f"download {r} {at!r}",
        lambda: pathlib.Path(c.download_artifacts(ids[r], at)).read_text(),
    )


def comparison():
    key = rng.choice(KEYS)
    return rng.choice([
        f"metrics.`{key}` {rng.choice(['<', '<=', '>', '>=', '=', '!='])} {rng.choice([0, 0.5, -1])}",
        f"params.`{key}` {rng.choice(['=', '!='])} '{rng.choice(['1', 'Adam', '0.5'])}'",
        f"params.`{key}` {rng.choice(['LIKE', 'ILIKE'])} '{rng.choice(['a%', '%a%', '_', '%b', 'a_b'])}'",
        f"tags.`{key}` = '{rng.choice(['1', 'SGD'])}'",
        f"attributes.status {rng.choice(['=', '!='])} '{rng.choice(['FINISHED', 'RUNNING'])}'",
        f"attributes.run_name {rng.choice(['=', '!=', 'LIKE'])} '{rng.choice(['one', 'tw%', 'R1'])}'",
        f"tags.mlflow.runName = '{rng.choice(['one', 'tagged'])}'",
        f"start_time {rng.choice(['<', '>'])} {1000 + rng.randint(0, 20)}",
        "nosuch = 1",
        f"params.`{key}` > '1'",
    ])


def search():
    of = rng.sample(experiments, rng.randint(1, len(experiments)))
    filter = " AND ".join(comparison() for _ in range(rng.randint(0, 2)))
    order = [
        rng.choice([f"metrics.`{k}`".replace(" ", "~"), f"params.`{k}`".replace(" ", "~"), "start_time", "attributes.status"])
        + rng.choice(["", " ASC", " DESC"])
        for k in rng.sample(KEYS, rng.randint(0, 2))
    ]
    # MLflow fails on a field that is there twice. Runs of equal values have no order.
    fields = [part.split(" ")[0] for part in order]
    order = [part for n, part in enumerate(order) if fields.index(fields[n]) == n]
    if "start_time" not in fields:
        order.append("start_time")
    order = [part.replace("~", " ") for part in order]
    view = rng.choice([ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL])
    size = rng.choice([2, 3, 100])
    if any("run_name" in part for part in [filter]) and unnamed:
        filter = ""  # names that a server made are its own

    def pages():
        token, found = None, []
        while True:
            page = c.search_runs(
                [ids[e] for e in of], filter, view, size, order, page_token=token
            )
            found.append([labels.get(r.info.run_id) for r in page])
            token = page.token
            if not token:
                return found

    call(f"search_runs {of} {filter} {order} {view} {size}", pages)


def search_experiments():
    filter = rng.choice(["", f"name LIKE '{prefix}/E1%'", "tags.k = '1'", "tags.k LIKE '%a%'"])
    call(
        f"search_experiments {filter}",
        lambda: sorted(
            e.name for e in c.search_experiments(filter_string=filter) if e.name.startswith(prefix)
        ),
    )


def tag_experiment():
    e, text = rng.choice(experiments), rng.choice(TEXTS)
    call(f"set_experiment_tag {e} {text}", lambda: c.set_experiment_tag(ids[e], "k", text))
    call(f"get_experiment {e}", lambda: c.get_experiment(ids[e]).tags.get("k"))


def create_model():
    label = f"{prefix}-M{len(models)}"
    models.append(label)
    tags = {"t": rng.choice(TEXTS)}
    call(
        f"create_registered_model {label}",
        lambda: c.create_registered_model(label, tags, "words").tags,
    )


def create_version():
    r = some_run()
    if not models or r in deleted or not any(a.startswith("d/") for a in artifacts.get(r, [])):
        return  # docs: a version has files
    m = rng.choice(models)

    def create():
        found = c.create_model_version(m, f"runs:/{ids[r]}/d", run_id=ids[r], tags={"v": "1"})
        return [found.version, found.tags, found.run_id]

    call(f"create_model_version {m} {r}", create)


def change_model():
    if not models:
        return
    m, n = rng.choice(models), str(rng.randint(1, 3))
    alias = rng.choice(["champion", "old"])
    call(
        f"model {m} {n} {alias}",
        rng.choice([
            lambda: c.set_registered_model_alias(m, alias, n),
            lambda: c.delete_registered_model_alias(m, alias),
            lambda: c.get_model_version_by_alias(m, alias).version,
            lambda: c.set_model_version_tag(m, n, "k", "v"),
            lambda: c.get_model_version(m, n).tags,
            lambda: c.update_model_version(m, n, "words").description,
            lambda: dict(c.get_registered_model(m).aliases),
            lambda: c.set_registered_model_tag(m, "k", "w"),
            lambda: c.get_registered_model(m).tags,
            lambda: sorted(v.version for v in c.search_model_versions(f"name = '{m}'")),
            lambda: [x.name for x in c.search_registered_models(f"name LIKE '{prefix}-%'")],
        ]),
    )


create_experiment()
create_experiment()
for _ in range(3):
    create_run()
create_model()
STEPS = (
    [log] * 12
    + [get, history, search, search, list_artifacts, log_artifact, log_artifact] * 2
    + [end, end, delete_or_restore, rename, bad_log, create_run, read_artifact, create_version]
    + [change_model, change_model, search_experiments, tag_experiment]
)
for _ in range(count):
    step = rng.choice(STEPS)
    if rng.random() < 0.02:
        step = rng.choice([create_experiment, create_model])
    step()
for r in list(runs):
    call(f"at the end: get_run {r}", lambda: shown(c.get_run(ids[r])))
