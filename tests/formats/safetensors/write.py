"""Writes model files by the library into a folder, and what is in them."""

import json
import pathlib
import sys

import ml_dtypes
import numpy
import safetensors
import safetensors.numpy

folder = pathlib.Path(sys.argv[1])
random = numpy.random.default_rng(7)


def write_safetensors():
    types = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64"
    values = {name: random.integers(0, 2, (2, 3)).astype(name) for name in types.split()}
    values["scalar"] = numpy.array(7, "int16")
    values["empty"] = numpy.zeros((0, 4), "float32")
    values["été"] = numpy.arange(5, dtype="float64")
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        values[name] = random.normal(size=(4, 4)).astype(getattr(ml_dtypes, name))
    data = safetensors.numpy.save(values, {"format": "np", "note": "ü"})
    (folder / "numpy.safetensors").write_bytes(data)
    return {name: [list(each.shape), each.tobytes().hex()] for name, each in values.items()}


print(json.dumps({"tensors": write_safetensors()}))
