"""Saves a state of training into a registry in a folder, and prints the time as JSON.

    save_state.py REGISTRY MIB file|tensors|arrays [changed]

As a file, `safetensors.torch.save_file` writes it, with `fsync`. With `changed`, the time is that
of the next save, after which one tensor of 16 MiB has changed.
"""

import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file

import holdfast

REGISTRY, MIB, WAY, *CHANGED = sys.argv[1:]
LAYER = 16
"""MiB of a tensor."""


def measured(act):
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wallMs": wall * 1000, "cpuMs": cpu * 1000}


def write():
    with TemporaryDirectory() as folder:
        path = Path(folder, "state.safetensors")
        save_file(state, path)
        with path.open("rb") as file:
            os.fsync(file.fileno())


state = {f"layer{at}": torch.rand(LAYER * 2**18) for at in range(int(MIB) // LAYER)}
if WAY == "file":
    print(json.dumps(measured(write)))
    sys.exit()
if WAY == "arrays":
    state = {name: each.numpy() for name, each in state.items()}
registry = holdfast.open_registry(REGISTRY)
registry.save("small", 1)  # starts the service
if CHANGED:
    registry.save("state", state)
    state["layer1"] = state["layer1"] + 1
print(json.dumps(measured(lambda: registry.save("state", state))))
