"""Estimators of scikit-learn, XGBoost, LightGBM and CatBoost, in the formats of these packages."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import os
import re
import sys
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from ...core.errors import Json, quoted, unsupported
from ...core.shapes import is_dict
from .archives import check_archive, copy_archive
from .predictions import of_another_estimator, of_other_predictions, same
from .table import Loading, built_in, fitting

SKOPS = "model.skops"
SCHEMA = "schema.json"


@built_in("sklearn.base.BaseEstimator", "sklearn")
class ScikitLearn:
    """Estimators, transformers and pipelines of scikit-learn, by skops."""

    def save(self, value: Any, folder: Path) -> None:
        names: dict[str, str] = {}

        def renamed(node: Json) -> None:
            file = node.get("file")
            if isinstance(file, str):
                node["file"] = names.setdefault(file, f"{len(names)}{os.path.splitext(file)[1]}")

        from skops.io import dump

        dump(value, folder / "written")
        copy_archive(folder / "written", folder / SKOPS, [SCHEMA], renamed, names)

    def load(self, loading: Loading) -> Any:
        from skops.io import get_untrusted_types, load

        path = loading.file(SKOPS)
        check_archive(path)
        unknown = get_untrusted_types(file=path)
        trusted = [] if isinstance(loading.trust, bool) else loading.trust
        odd = [each for each in unknown if each not in trusted]
        if odd:
            state = f"it contains types that are not of scikit-learn: {', '.join(map(quoted, odd))}"
            raise loading.refused(state, f"If you trust them: load(ref, trust={odd!r}).")
        return fitting(loading, load(path, trusted=unknown))

    def difference(self, value: Any, loading: Loading) -> str:
        from skops.io import get_untrusted_types

        unknown = get_untrusted_types(file=loading.file(SKOPS))
        return of_another_estimator(value, self.load(loading._replace(trust=unknown)))


CLASSES = re.compile(rb"num_(?:class|target)SL.{8}\s*\+?(\d+)", re.DOTALL)
MOST_CLASSES = 2**20


def check_classes(path: Path) -> None:
    """Raises `ValueError` for a file with so many classes that XGBoost would take gigabytes."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        if any(len(each[1]) > 18 or int(each[1]) > MOST_CLASSES for each in CLASSES.finditer(data)):
            raise ValueError(f"it has more than {MOST_CLASSES} classes or targets")


@built_in("xgboost.core.Booster", "xgboost")
@built_in("xgboost.sklearn.XGBModel", "xgboost.sklearn")
class XGBoost:
    """Boosters and estimators of XGBoost, in its own format."""

    FILE = "model.ubj"
    EXAMPLE = "xgboost.XGBClassifier"

    def save(self, value: Any, folder: Path) -> Json | None:
        value.save_model(folder / self.FILE)
        if not hasattr(value, "get_xgb_params"):
            return None
        own = plain_parameters(value.get_params(deep=False))  # not in the file
        types = {name: kind for name, (_, kind) in own.items() if kind}
        return {"parameters": {name: each for name, (each, _) in own.items()}, "types": types}

    def load(self, loading: Loading) -> Any:
        into = loading.wanted(self.EXAMPLE)
        if not hasattr(into, "load_model"):
            raise loading.refused("`into` has no load_model", f"Pass into={self.EXAMPLE}.")
        model = into() if isinstance(into, type) else into
        known, own = loading.facts.get("parameters"), {}
        if isinstance(into, type) and is_dict(known) and hasattr(model, "get_xgb_params"):
            types = loading.facts.get("types") or {}
            given = {name: typed(each, types.get(name)) for name, each in known.items()}
            own = {name: given.get(name, each) for name, each in model.get_params(False).items()}
            model.set_params(**own)
        check_classes(loading.file(self.FILE))
        model.load_model(loading.file(self.FILE))
        vars(model).update(own)  # `load_model` takes some from the training, such as `base_score`
        return model

    def difference(self, value: Any, loading: Loading) -> str:
        again = self.load(loading._replace(into=type(value)))
        if not hasattr(value, "get_booster"):
            return of_another_booster(value, again)
        odd = of_another_estimator(value, again)
        return odd or of_another_booster(value.get_booster(), again.get_booster())


def of_another_booster(value: Any, again: Any) -> str:
    members = ("attributes", "feature_names", "feature_types", "num_features")
    odd = of_other_members(value, again, *members)
    return odd or of_other_predictions(value, again, ("inplace_predict",), value.num_features())


def of_other_members(value: Any, again: Any, *members: str) -> str:
    for member in members:
        own, other = (getattr(each, member) for each in (value, again))
        if not (same(own(), other()) if callable(own) else same(own, other)):
            return f"its `{member}` would differ after a load"
    return ""


def plain_parameters(parameters: Json) -> dict[str, tuple[Any, str | None]]:
    """Returns the parameters that are set and fit into JSON, with the types that it lacks: no NaN,
    functions or arrays.
    """
    plain: dict[str, tuple[Any, str | None]] = {}
    for name, value in parameters.items():
        is_scalar = type(value).__module__ == "numpy" and value.ndim == 0
        number = value.item() if is_scalar else value
        kind = str(value.dtype) if is_scalar else "tuple" if type(value) is tuple else None
        try:
            json.dumps(number, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            continue
        if number is not None:
            plain[name] = (number, kind)
    return plain


def typed(value: Any, kind: Any) -> Any:
    if kind is None:
        return value
    if kind == "tuple":
        return tuple(value)
    import numpy

    if not re.fullmatch(r"bool|(u?int|float)\d+", str(kind)):
        raise ValueError(f"unknown type {kind!r:.60}")
    return numpy.dtype(kind).type(value)


@built_in("catboost.core.CatBoost", "catboost")
class CatBoost(XGBoost):
    """Estimators of CatBoost, in its own format."""

    FILE = "model.cbm"
    EXAMPLE = "catboost.CatBoostClassifier"

    def save(self, value: Any, folder: Path) -> Json | None:
        if not value.is_fitted():
            raise unsupported(value, "it is not trained", "Call its `fit` first.")
        return super().save(value, folder)

    def difference(self, value: Any, loading: Loading) -> str:
        again = self.load(loading._replace(into=type(value)))
        # Its file has all parameters, but `get_params` of a loaded one has other names for some.
        members = ("classes_", "feature_names_", "tree_count_", "get_scale_and_bias")
        odd = of_other_members(value, again, *members)
        return odd or of_other_predictions(value, again)


PARSE_SECONDS = 120
"""Seconds in which a process starts and imports a package. Each MiB that it parses adds one."""


def parse_apart(program: str, path: Path, seconds: float = PARSE_SECONDS) -> None:
    """Raises `ValueError` for a file that ends the process that parses it.

    Raises `TimeoutError` if the process does not end: it is killed.
    """
    code = f"import sys; PATH = sys.argv.pop(); sys.path[:] = {sys.path!r}; {program}"
    command = [sys.executable, "-c", code, str(path)]
    import subprocess  # few programs load such a model

    limit, none = seconds + path.stat().st_size // 2**20, subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, stdin=none, stdout=none, stderr=none, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"a process that parses it has not ended in {limit} s") from None
    if done.returncode not in (0, 1):  # 1 for an exception, which the next parse raises, too
        raise ValueError(f"a process that parses it ends with code {done.returncode}")


def check_tree_sizes(path: Path) -> None:
    """Raises `ValueError` if trees end after the file: LightGBM would read beyond its memory."""
    with path.open("rb") as lines:
        for line in lines:
            if line.startswith(b"Tree="):
                return
            if not line.startswith(b"tree_sizes="):
                continue
            sizes = [int(size) for size in line.removeprefix(b"tree_sizes=").split()]
            if min(sizes, default=0) < 0 or sum(sizes) > path.stat().st_size:
                raise ValueError("its trees are larger than the file")


@built_in("lightgbm.basic.Booster", "lightgbm")
class LightGBM:
    """Boosters of LightGBM, in its own format.

    A hostile file ends the process that parses it, so another process does so first, except with
    `trust=True`.
    """

    FILE = "model.txt"

    def save(self, value: Any, folder: Path) -> None:
        if value.best_iteration > 0 and value.best_iteration != value.current_iteration():
            hint = "Save value.model_from_string(value.model_to_string(num_iteration=-1))."
            raise unsupported(value, "its file cannot store its best iteration", hint)
        value.save_model(folder / self.FILE, num_iteration=-1)

    def load(self, loading: Loading) -> Any:
        import lightgbm

        path = loading.file(self.FILE)
        check_tree_sizes(path)
        if loading.trust is not True:
            try:
                parse_apart("import lightgbm; lightgbm.Booster(model_file=PATH)", path)
            except TimeoutError as error:
                hint = "If you trust it: load(ref, trust=True)."
                raise loading.refused(str(error), hint) from None
        return fitting(loading, lightgbm.Booster(model_file=str(path)))

    def difference(self, value: Any, loading: Loading) -> str:
        again = self.load(loading)
        odd = of_other_members(value, again, "feature_name")
        return odd or of_other_predictions(value, again, ("predict",), value.num_feature())


@built_in("lightgbm.sklearn.LGBMModel", "lightgbm.sklearn")
class LightGBMEstimator:
    """Estimators of LightGBM, which have no format of their own."""

    def save(self, value: Any, folder: Path) -> None:
        hint = "Save value.booster_, with metadata=value.get_params()."
        raise unsupported(value, "only pickle could save it", hint)
