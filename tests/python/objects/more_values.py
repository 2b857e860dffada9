"""Saves records, images and data sets, loads them, and prints what comes back or is refused."""

import dataclasses
import json
import sys

import numpy

import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])


def trip(name, value, **options):
    registry.save(name, value)
    return registry.load(name, **options)


def report(name, ok):
    print(name, "ok" if ok else "DIFFERS")


def refused(name, call):
    try:
        print(name, "returned", call())
    except holdfast.HoldfastError as error:
        print(name, type(error).__name__)


@dataclasses.dataclass
class Layer:
    width: int = 1
    rates: tuple = (0.5,)


@dataclasses.dataclass
class Config:
    layers: list[Layer]
    best: "Layer | None" = None
    names: dict[str, set[int]] = dataclasses.field(default_factory=dict)
    extra: object = None


@dataclasses.dataclass
class Newer(Config):
    added: int = 3


def of_records():
    import pydantic

    class Model(pydantic.BaseModel):
        rate: float = pydantic.Field(alias="learning-rate")
        layer: Layer
        _seen: int = pydantic.PrivateAttr(0)

    config = Config([Layer(2, (1.5,)), Layer()], Layer(7), {"a": {1, 2}})
    report("dataclass", trip("config", config, into=Config) == config)
    schema = json.loads(registry.open("config").file("schema.json").read())
    report("its schema", schema["$defs"]["Layer"]["properties"]["width"]["type"] == "integer")
    report("in a class with more fields", registry.load("config", into=Newer).added == 3)
    model = Model(**{"learning-rate": 1e-4, "layer": Layer(3)})
    again = trip("model", model, into=Model)
    report("pydantic", again == model and type(again) is Model)
    model._seen = 1
    refused("private", lambda: registry.save("a", model))
    refused("list for a tuple", lambda: registry.save("a", Layer(1, [1.5])))
    refused("any", lambda: registry.save("a", Config([], extra=(1, 2))))
    refused("array", lambda: registry.save("a", Config([], extra=numpy.ones(2))))
    refused("no class", lambda: registry.load("config"))
    for into in (Layer, dict, Model, config):
        refused("another class", lambda: registry.load("config", into=into))


for part in sys.argv[3:]:
    globals()[f"of_{part}"]()
