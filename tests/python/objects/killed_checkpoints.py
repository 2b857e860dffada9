"""Kills ranks of a job at random requests, and resumes it. Prints how the checkpoints ended.

    killed_checkpoints.py LOCATION TOKEN RANKS ROUNDS SEED

Each round loads the last checkpoint on all ranks, computes the next state, and saves it. In every
second round, one rank is killed before, while or after it sends a request. The checkpoint is then
whole or absent, and the next round goes on, with the same id or a new one.
"""

import os
import random
import signal
import sys
import threading
import warnings

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from checkpoints import begin, spawn
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

import holdfast
from holdfast.checkpoint import CheckpointReader, CheckpointWriter
from holdfast.client.connection import Connection

warnings.filterwarnings("ignore")
LOCATION, TOKEN, RANKS, ROUNDS, SEED = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
SHARD = 100_000
"""Floats of a rank: enough to be stored as an object."""
OF_FIRST, OF_OTHERS = 5, 3
"""Requests that write: the shard is asked for, sent and added; the first adds and commits, too."""


def value_of(step):
    """The tensors of a step, which the one before determines."""
    torch.manual_seed(7)
    weights, scale = torch.rand(RANKS, SHARD), torch.rand(5)
    for _ in range(step):
        weights, scale = weights * 0.5 + scale.mean(), scale + 1
    return {"weights": weights, "scale": scale, "frozen": torch.arange(70_000.0)}


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(number, how):
    """Kills this process at its request of this number that writes."""
    write, count = Connection.write, [0]

    def counted(self, *arguments, **options):
        count[0] += 1
        if count[0] == number and how == "before":
            die()
        if count[0] == number and how == "while":
            threading.Thread(target=die).start()
        reply = write(self, *arguments, **options)
        if count[0] == number and how == "after":
            die()
        return reply

    Connection.write = counted


def work(rank, size, port, step, id, victim, number, how):
    mesh = begin(rank, size, port)
    registry = holdfast.connect(LOCATION, token=TOKEN)
    state = {"weights": distribute_tensor(torch.zeros(size, SHARD), mesh, [Shard(0)])}
    state |= {"scale": torch.zeros(5), "frozen": torch.zeros(70_000), "step": -1}
    if step == 0:
        state["weights"] = distribute_tensor(value_of(0)["weights"], mesh, [Shard(0)])
        state |= {"scale": value_of(0)["scale"], "frozen": value_of(0)["frozen"], "step": 0}
    else:
        dcp.load(state, storage_reader=CheckpointReader("job:net@last", registry))
        same = torch.equal(state["weights"].full_tensor(), value_of(step - 1)["weights"])
        assert same and state["step"] == step - 1, "resumed from other values"
        state["weights"] = state["weights"] * 0.5 + state["scale"].mean()
        state |= {"scale": state["scale"] + 1, "step": step}
    if rank == victim:
        kill_at(number, how)
    writer = CheckpointWriter("job:net", registry, id=id, alias="last", metadata={"step": step})
    dcp.save(state, storage_writer=writer)
    dist.barrier()
    dist.destroy_process_group()


def last(registry):
    """The step of the last checkpoint, all of which is right; -1 without one."""
    if "job:net" not in registry:
        return -1
    artifact = registry.open("job:net")
    step = artifact.metadata["step"]
    names = {file.path for file in artifact.files}
    assert names == {".metadata", *(f"__{rank}_0.distcp" for rank in range(RANKS))}, names
    expected = value_of(step)
    state = {name: torch.zeros_like(each) for name, each in expected.items()} | {"step": -1}
    reader = CheckpointReader(artifact.ref, registry)
    dcp.load(state, storage_reader=reader, no_dist=True)
    assert all(torch.equal(state[name], each) for name, each in expected.items()), artifact.ref
    assert state["step"] == step
    return step


if __name__ == "__main__":
    registry = holdfast.connect(LOCATION, token=TOKEN)
    rng = random.Random(SEED)
    before, id, ends = last(registry), "0", {"whole": 0, "absent": 0, "not killed": 0}
    for turn in range(ROUNDS):
        victim = rng.choice([0, rng.randrange(RANKS)])  # half of the time the one that commits
        victim = victim if turn % 2 else None
        number = rng.randint(1, OF_OTHERS if victim else OF_FIRST)
        how = rng.choice(["before", "while", "after"])
        codes = spawn(work, RANKS, before + 1, id, victim, number, how)
        after = last(registry)
        assert after in (before, before + 1), (before, after)
        ended = "whole" if after > before else "absent"
        is_killed = victim is not None and codes[victim] == -signal.SIGKILL
        ends[ended if is_killed else "not killed"] += 1
        assert victim is not None or after > before, codes
        assert after > before or any(codes), "no rank failed, and there is no checkpoint"
        if after > before and registry.aliases("job:net").get("last") != registry.open("job:net").version:
            registry.set_alias("job:net", "last", registry.open("job:net").version)  # killed before
        # A job that runs again may use its id, which then names the same checkpoint, or another.
        id = id if after == before and rng.random() < 0.5 else str(turn + 1)
        before = after
        print(turn + 1, ends, file=sys.stderr, flush=True)
    print(ends, "steps", before + 1, flush=True)
