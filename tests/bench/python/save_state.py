"""Saves a state of training into a registry in a folder, and prints the time as JSON.

    save_state.py REGISTRY MIB file|tensors|arrays [changed|all]

As a file, `safetensors.torch.save_file` writes it, with `fsync`. With `changed`, the time is that
of the next save, after which one tensor of 16 MiB has changed, and with `all` each of them. Also
prints the share of the time in which what was written is loaded and compared, and the memory
beside the state at its peak, in percent of the state.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file

import holdfast
from holdfast.values.objects import objects

REGISTRY, MIB, WAY, *CHANGED = sys.argv[1:]
LAYER = 16
"""MiB of a tensor."""


def measured(act):
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wallMs": wall * 1000, "cpuMs": cpu * 1000}


proofs, prove = [], objects.prove


def timed(*arguments):
    begin = time.perf_counter()
    prove(*arguments)
    proofs.append(time.perf_counter() - begin)


def memory():
    """Returns the bytes of this process that are not those of a file."""
    with open("/proc/self/statm") as file:
        _, resident, shared, *_ = map(int, file.read().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def watched(act):
    """Measures an act, the share of its proof, and its memory every 20 ms."""
    before, peaks, ended = memory(), [0], threading.Event()

    def watch():
        while not ended.wait(0.02):
            peaks.append(memory() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    proofs.clear()
    timing = measured(act)
    ended.set()
    watcher.join()
    share = sum(proofs) * 1000 / timing["wallMs"]
    return {**timing, "proof": share, "memory": max(peaks) / (int(MIB) * 2**20)}


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
objects.prove = timed
if CHANGED:
    registry.save("state", state)
    for name in state if CHANGED == ["all"] else ("layer1",):
        state[name] += 1
print(json.dumps(watched(lambda: registry.save("state", state))))
