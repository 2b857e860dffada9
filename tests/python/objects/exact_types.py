"""Values that `==` finds equal to others come back with their types, or are refused. Prints a line for each.

    exact_types.py FOLDER [ADAPTER…]

A line is `ADAPTER VALUE exact`, `… refused`, or `… WRONG` with what came back.
"""

import dataclasses
import functools
import json
import os
import pathlib
import sys
import tempfile
import warnings
from collections import Counter, OrderedDict, deque
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Optional
from zoneinfo import ZoneInfo

import numpy
import pydantic
import torch
from holdfast.core.errors import HoldfastError
from holdfast.core.metadata import number_of
from holdfast.values.objects.objects import FACTS, object_folder, serializer_of
from holdfast.values.objects.table import ROWS, Loading

warnings.filterwarnings("ignore")
os.environ["KERAS_BACKEND"] = "torch"


class Word(str):
    pass


class Mode(str, Enum):
    A = "a"


class Level(IntEnum):
    ONE = 1


@dataclasses.dataclass
class Inner:
    x: Any


AT = datetime(2026, 3, 29, 1, tzinfo=timezone.utc)
VALUES = [
    *(
        True,
        1,
        1.0,
        0.0,
        -0.0,
        float("nan"),
        float("inf"),
        2**60,
        complex(0, -0.0),
        None,
    ),
    *("a", Word("a"), Mode.A, Level.ONE, b"a", Decimal("1.0"), Decimal("1.00")),
    *(
        numpy.float64(1),
        numpy.float32(1),
        numpy.int64(1),
        numpy.bool_(True),
        numpy.str_("a"),
    ),
    *(
        (1, 2),
        [1, 2],
        [True, 1.0],
        (1, [True, (2,)]),
        torch.Size([1, 2]),
        deque([1, True]),
    ),
    *(
        {"a": 1},
        {1: "a"},
        {True: "a"},
        {"b": True, "a": 1.0},
        OrderedDict(a=1),
        Counter(a=1),
    ),
    *({1, 2}, {True, 2.0}, frozenset([1]), timedelta(hours=1)),
    *(
        AT,
        AT.replace(tzinfo=None),
        AT.replace(fold=1),
        AT.astimezone(ZoneInfo("Europe/Berlin")),
    ),
    *(slice(1, 2), Ellipsis, numpy.arange(2.0), numpy.zeros((0, 1)), torch.ones(2), len, [b"a"], {"a": b"a"}),
    *(Inner(True), Inner(1), [Inner(1.0)], {"a": (True, Inner((1,)))}),
]


def described(value):
    """Describes types and values at any depth, without `==`."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, Inner):
        return [kind, described(value.x)]
    if isinstance(value, dict):
        return [
            kind,
            [[described(key), described(each)] for key, each in value.items()],
        ]
    if isinstance(value, (list, tuple, deque)):
        return [kind, [described(each) for each in value]]
    if hasattr(value, "tolist"):
        return [kind, str(value.dtype), str(value.shape), repr(value.tolist())]
    if isinstance(value, (set, frozenset)):
        return [kind, sorted(map(str, map(described, value)))]
    if isinstance(value, datetime):  # pydantic has its own class of offsets
        zone = value.tzinfo
        own = (
            zone
            if zone is None or zone.utcoffset(None) is None
            else zone.utcoffset(None)
        )
        return [kind, repr(value.replace(tzinfo=None)), repr(own)]
    return [kind, repr(value)]


def again(value, into, change=None):
    """Returns a value after a save and a load."""
    row = serializer_of(value)
    with object_folder(value, row) as folder:
        known = json.loads((folder / FACTS).read_text())
        (folder / FACTS).unlink()
        found = ROWS[row.name].load(
            Loading("saved", folder, known["facts"], into, False)
        )
        return found if change is None else change(found)


def plain(value):
    @dataclasses.dataclass
    class Config:
        x: Any

    return again(Config(value), Config, lambda found: found.x)


def typed(value):
    @dataclasses.dataclass
    class Config:
        x: type(value)

    return again(Config(value), Config, lambda found: found.x)


def optional(value):
    @dataclasses.dataclass
    class Config:
        x: Optional[float] = None  # noqa: UP045

    return again(Config(value), Config, lambda found: found.x)


def slotted(value):
    @dataclasses.dataclass(slots=True)
    class Config:
        x: type(value)

    return again(Config(value), Config, lambda found: found.x)


def model(value):
    class Config(pydantic.BaseModel):
        x: type(value)

    return again(Config.model_construct(x=value), Config, lambda found: found.x)


def extra(value):
    class Config(pydantic.BaseModel, extra="allow"):
        pass

    return again(Config(x=value), Config, lambda found: found.x)


def state(value):
    return again({"x": value, "w": torch.ones(1)}, None, lambda found: found["x"])


def xgboost(value):
    from xgboost import XGBClassifier

    made = XGBClassifier(n_estimators=1, max_depth=1, device="cpu")
    rows = numpy.arange(8.0).reshape(8, 1)
    made.fit(rows, [0, 1] * 4)
    made.set_params(max_leaves=value)
    return again(made, XGBClassifier, lambda found: found.get_params()["max_leaves"])


def sklearn(value):
    from sklearn.dummy import DummyClassifier

    made = DummyClassifier(strategy="constant", constant=1).fit([[1]], [1])
    made.random_state = value
    return again(made, None, lambda found: found.random_state)


def transformers(value):
    from transformers import BertConfig

    made = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    made.own = value
    return again(made, BertConfig, lambda found: found.own)


def keras_written(value):
    import keras

    return keras_layer(value, keras.saving.serialize_keras_object)


def keras(value):
    return keras_layer(value, lambda value: value)


def keras_layer(value, write):
    """A layer whose configuration has what `write` returns. The class takes it as it is stored."""
    import keras

    class Own(keras.layers.Layer):
        def __init__(self, own=None, **options):
            super().__init__(**options)
            self.own = own

        def call(self, x):
            return x

        def get_config(self):
            return {**super().get_config(), "own": write(self.own)}

    made = keras.Sequential([keras.Input((2,)), Own(value)])
    return again(made, [Own], lambda found: found.layers[-1].own)


KERAS = (keras, keras_written)
OF_JSON = (transformers, *KERAS)
"""Adapters of packages whose configurations are JSON: without tuples, enums and classes of dicts."""


def plain_json(value):
    """Returns a value in JSON; a type that it lacks as its description."""
    if isinstance(value, dict) and any(type(key) is not str for key in value):
        return described(dict(value))
    return json.dumps(value, default=described, sort_keys=True)


tempfile.tempdir = str(pathlib.Path(sys.argv[1]))
ADAPTERS = (plain, typed, optional, slotted, model, extra, state, xgboost, sklearn, transformers, *KERAS)


def of_adapter(adapter):
    for value in VALUES:
        shown = plain_json if adapter in OF_JSON else described
        if adapter in KERAS:
            value = number_of(value)  # which Keras turns into numbers of Python
        try:
            found = adapter(value)
            end = (
                "exact" if shown(found) == shown(value) else f"WRONG {described(found)}"
            )
        except (HoldfastError, pydantic.errors.PydanticSchemaGenerationError):
            end = "refused"
        print(adapter.__name__, repr(value).replace("\n", " "), end.replace("\n", " "))


for adapter in ADAPTERS:
    globals()[f"of_{adapter.__name__}"] = functools.partial(of_adapter, adapter)
    if __name__ == "__main__" and (not sys.argv[2:] or adapter.__name__ in sys.argv[2:]):
        of_adapter(adapter)
