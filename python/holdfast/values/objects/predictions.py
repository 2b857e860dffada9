"""Whether an estimator that was loaded is the one that was saved."""

# NumPy may be absent.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import dataclasses
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

METHODS = ("predict_proba", "decision_function", "predict", "transform", "score_samples")
ROWS = 32


def of_another_estimator(value: Any, again: Any) -> str:
    """Returns how a loaded estimator differs from the saved one; an empty string if it does not."""
    if type(value) is not type(again):
        return f"it would be a {type(again).__name__} after a load"
    return of_other_parameters(value, again) or of_other_predictions(value, again)


def of_other_parameters(value: Any, again: Any) -> str:
    own, other = value.get_params(deep=False), again.get_params(deep=False)
    for name in {**own, **other}:
        if not same(own.get(name), other.get(name)):
            found = f"{other.get(name)!r:.60} after a load, not {own.get(name)!r:.60}"
            return f"its parameter `{name}` would be {found}"
    return ""


def of_other_predictions(
    value: Any, again: Any, methods: Sequence[str] = METHODS, features: Any = None
) -> str:
    """Compares results for random rows, unless the types of its features are unknown."""
    if features is None:
        is_table = getattr(value, "feature_names_in_", None) is not None
        features = 0 if is_table else getattr(value, "n_features_in_", 0)
    for rows in rows_of(features):
        for method in methods:
            expected = result(value, method, rows)
            if not same(expected, result(value, method, rows)):
                continue  # they are random
            if not near(expected, result(again, method, rows)):
                return f"the results of its `{method}` would differ after a load"
    return ""


def rows_of(features: Any) -> Iterator[Any]:
    """Yields random rows, of whole numbers and others, without and with missing values."""
    import numpy

    if isinstance(features, int) and features > 0:
        random = numpy.random.default_rng(0)
        rows = random.normal(size=(ROWS, features))
        yield rows
        yield numpy.abs(numpy.rint(rows * 2))
        yield numpy.where(random.random(rows.shape) < 0.3, numpy.nan, rows)


def result(value: Any, method: str, rows: Any) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(value, method)(rows)
    except Exception:
        return None


def near(a: Any, b: Any) -> bool:
    """Whether results are equal, except for rounding, which depends on strides in memory."""
    import numpy

    if same(a, b):
        return True
    are_floats = getattr(getattr(a, "dtype", None), "kind", "") == "f" and type(a) is type(b)
    is_like = are_floats and a.dtype == b.dtype and a.shape == b.shape
    return is_like and numpy.allclose(a, b, equal_nan=True)


def same(a: Any, b: Any) -> bool:
    """Whether two values have the same types and values at any depth, bit for bit in arrays.

    By `==`, True, 1 and 1.0 are equal, 0.0 and -0.0, a word of an enum and its text.
    """
    if a is b:
        return True
    if type(a) is not type(b) or isinstance(a, type):
        return False
    if isinstance(a, (list, tuple, deque)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a), list(b)) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (set, frozenset)):
        return {(type(x), repr(x)) for x in a} == {(type(x), repr(x)) for x in b}
    if isinstance(a, (datetime, time)):
        return same(moment_of(a), moment_of(b))
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None and isinstance(a, (numpy.ndarray, numpy.generic)):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return same(a.tolist(), b.tolist()) if a.dtype.hasobject else a.tobytes() == b.tobytes()
    if hasattr(a, "get_params"):
        return not of_other_parameters(a, b)
    if hasattr(a, "toarray"):  # of SciPy
        return same(a.toarray(), b.toarray())
    names = fields_of(a, b)
    if names:
        return all(same(getattr(a, name, None), getattr(b, name, None)) for name in names)
    if isinstance(a, (float, complex, Decimal)):
        return repr(a) == repr(b)
    try:
        if a == b:
            return True
    except Exception:  # it has no truth value
        return False
    kind: Any = type(a)
    return kind.__eq__ is object.__eq__ and same_state(a, b)


def moment_of(value: Any) -> tuple[Any, ...]:
    """Returns a time without its zone, and that zone, or its offset if it always has that."""
    zone = value.tzinfo
    offset = None if zone is None else zone.utcoffset(None)
    plain = value.replace(tzinfo=None)
    return repr(plain), zone if offset is None else offset


def fields_of(a: Any, b: Any) -> list[str]:
    """Returns the names of the fields of two dataclasses, or of two models of pydantic."""
    inner = ["__pydantic_extra__", "__pydantic_private__"]
    is_model = all(hasattr(a, name) for name in inner)
    if not (is_model or dataclasses.is_dataclass(a)):
        return []
    own = [] if is_model else [each.name for each in dataclasses.fields(a)]
    return [*own, *getattr(a, "__dict__", ()), *getattr(b, "__dict__", ()), *inner]


def same_state(a: Any, b: Any) -> bool:
    """Compares objects without `==`, such as random generators, by what they would pickle."""
    try:
        if hasattr(a, "get_state"):  # a `RandomState` would also pickle a seed that it does not use
            return same(a.get_state(), b.get_state())
        return same(a.__reduce_ex__(2)[1:], b.__reduce_ex__(2)[1:])
    except Exception:
        return False
