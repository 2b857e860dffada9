"""Measures mindtrace or polystore: reads names of operations, and writes the time of each.

mindtrace 0.16.0 is what `.ci/mindtrace/install` installs; polystore==0.6.3 also needs pandas.

    peers.py mindtrace|polystore FOLDER OPERATIONS MIB
"""

import json
import logging
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

PEER, FOLDER = sys.argv[1], Path(sys.argv[2])
N, MIB = map(int, sys.argv[3:])
OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the packages print
logging.disable(logging.CRITICAL)
VALUES = [
    {"seed": i, "items": list(range(20)), "text": f"{i:08d}" * 118} for i in range(N)
]
NAMES = [f"name-{i:05d}" for i in range(N)]
RANDOM = np.random.default_rng(1)
PLANES = list(RANDOM.integers(0, 16, (N, 128, 128), dtype=np.uint8))
ARRAY, LARGE = RANDOM.random(MIB << 17), FOLDER.parent / "large.bin"
ROUNDS = iter(range(1 << 30))


def each(action, *lists):
    return lambda: [action(*items) for items in zip(*lists)]


def mindtrace():
    from mindtrace.registry import Registry

    def new(name=None):
        return Registry(FOLDER / (name or f"new{next(ROUNDS)}"), version_objects=True)

    def saved(registry):
        registry.save(NAMES, VALUES)
        return registry

    one = ["1.0.0"] * N
    kept = saved(new("stored"))
    kept.save(["array", "file"], [ARRAY, LARGE])
    each(lambda i: kept.save("many", 1, version=f"1.0.{i}"), range(N))()
    kept.load(NAMES)
    return {
        "save": lambda: each(new().save, NAMES, VALUES),
        "save a next version": lambda: each(new().save, ["same"] * N, VALUES),
        "save a batch": lambda: each(new().save, [NAMES], [VALUES]),
        "load": lambda: each(new("stored").load, NAMES),
        "load again": lambda: each(kept.load, NAMES),
        "load a batch": lambda: each(new("stored").load, [NAMES]),
        "save a large array": lambda: each(new().save, ["array"], [ARRAY]),
        "load a large array": lambda: each(new("stored").load, ["array"]),
        "save a large file": lambda: each(new().save, ["file"], [LARGE]),
        "download a large file": lambda: each(
            new("stored").load, ["file"], one, [str(FOLDER / "newOut")]
        ),
        "list names": lambda: kept.list_objects,
        "list versions": lambda: each(new("stored").list_versions, ["many"]),
        "info": lambda: each(new("stored").info, NAMES, one),
        "has": lambda: each(new("stored").has_object, NAMES, one),
        "delete": lambda: each(saved(new()).delete, NAMES, one),
    }


def polystore():
    from polystore import DiskBackend, FileManager, MemoryBackend, config, zarr_batch
    from polystore.zarr import ZarrStorageBackend

    chunks = config.ZarrChunkStrategy.FILE
    zarr = ZarrStorageBackend(config.ZarrConfig(chunk_strategy=chunks))
    stores = {"disk": DiskBackend(), "memory": MemoryBackend(), "zarr": zarr}
    files = FileManager(stores)
    axes = (zarr_batch.ZarrBatchAxis("z", tuple(NAMES)),)
    layout = zarr_batch.ZarrBatchLayout(axes, tuple((i,) for i in range(N)))
    well = {"chunk_name": "A01", "batch_layout": layout, "row": "A", "col": "1"}

    def new(store):
        folder = FOLDER / f"new{next(ROUNDS)}"
        files.ensure_directory(folder, store)
        suffix = ".tif" if store == "zarr" else ".npy"
        return [folder / f"{name}{suffix}" for name in NAMES]

    def saved(store, values=PLANES):
        paths = new(store)
        each(files.save, values, paths, [store] * N)()
        return paths

    disk, memory, arrays = map(saved, stores)
    planes, large = new("zarr"), saved("disk", [ARRAY])
    files.save_batch(PLANES, planes, "zarr", **well)
    on = {store: [store] * N for store in stores}

    def save_well():
        return partial(files.save_batch, PLANES, new("zarr"), "zarr", **well)

    def save_large():
        return partial(files.save, ARRAY, new("disk")[0], "disk")

    return {
        "disk: save": lambda: each(files.save, PLANES, new("disk"), on["disk"]),
        "disk: load": lambda: each(files.load, disk, on["disk"]),
        "disk: save a large array": save_large,
        "disk: load a large array": lambda: each(files.load, large, ["disk"]),
        "disk: list files": lambda: each(files.list_files, [disk[0].parent], ["disk"]),
        "disk: exists": lambda: each(files.exists, disk, on["disk"]),
        "disk: delete": lambda: each(files.delete, saved("disk"), on["disk"]),
        "memory: save": lambda: each(files.save, PLANES, new("memory"), on["memory"]),
        "memory: load": lambda: each(files.load, memory, on["memory"]),
        "zarr: save": lambda: each(files.save, PLANES, new("zarr"), on["zarr"]),
        "zarr: load": lambda: each(files.load, arrays, on["zarr"]),
        "zarr: save a well": save_well,
        "zarr: load a well": lambda: each(files.load_batch, [planes], ["zarr"]),
        "zarr: load a plane": lambda: each(files.load, planes[-1:], ["zarr"]),
    }


FOLDER.mkdir()
measures = {"mindtrace": mindtrace, "polystore": polystore}[PEER]()
stored = set(os.listdir(FOLDER))
print("ready", file=OUT, flush=True)
for line in sys.stdin:
    action = measures[line.strip()]()
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    timing = {"wallMs": wall * 1000, "cpuMs": cpu * 1000}
    print(json.dumps(timing), file=OUT, flush=True)
    for name in set(os.listdir(FOLDER)) - stored:
        shutil.rmtree(FOLDER / name, ignore_errors=True)
