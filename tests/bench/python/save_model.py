"""Saves a model of PyTorch, and prints the time, and the most memory as JSON.

    save_model.py LOCATION TOKEN NAME MIB object|file

As a file, `safetensors.torch.save_file` writes it, and its path is saved.
"""

import json
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file

import holdfast

LOCATION, TOKEN, NAME, MIB, WAY = sys.argv[1:]
LAYER = 64
"""MiB of a layer: 4,096 × 4,096 floats."""


def memory(line):
    """Bytes of this process: `VmRSS` are resident, `VmHWM` were at most."""
    text = Path("/proc/self/status").read_text()
    return int(re.search(rf"{line}:\s+(\d+) kB", text)[1]) * 1024


def made():
    with torch.device("meta"):
        layers = [torch.nn.Linear(4096, 4096, bias=False) for _ in range(int(MIB) // LAYER)]
    model = torch.nn.Sequential(*layers).to_empty(device="cpu")
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter)
    return model


model = made()
registry = holdfast.connect(LOCATION, token=TOKEN)
before = memory("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins again
wall, cpu = time.perf_counter(), time.process_time()
if WAY == "object":
    saved = registry.save(NAME, model)
else:
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        save_file(model.state_dict(), path)
        saved = registry.save(NAME, path)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
facts = {"wallMs": wall * 1000, "cpuMs": cpu * 1000, "size": saved.size}
print(json.dumps({**facts, "before": before, "most": memory("VmHWM")}))
