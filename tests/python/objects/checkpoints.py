"""Ranks that save and load checkpoints with torch.distributed.checkpoint. Prints results."""

import os
import signal
import sys
import threading
import warnings

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as multiprocessing
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.checkpoint.state_dict_saver import AsyncCheckpointerType
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

import holdfast
from holdfast.checkpoint import CheckpointReader, CheckpointWriter
from holdfast.client import sending
from holdfast.client.connection import Connection
from holdfast.drafts import draft
from holdfast.paths import opened_files, written

warnings.filterwarnings("ignore")
SIZE = 300_000


def connect():
    return holdfast.connect(sys.argv[1], token=sys.argv[2])


def state_of(mesh, seed):
    """A state with a tensor in shards, one on all ranks, and plain values."""
    torch.manual_seed(seed)
    large, small = torch.rand(8, SIZE), torch.rand(5).to(torch.bfloat16)
    return {
        "model": {
            "large": distribute_tensor(large, mesh, [Shard(0)]),
            "small": distribute_tensor(small, mesh, [Replicate()]),
        },
        "step": seed,
        "betas": (0.9, 0.95),
    }


def begin(rank, size, port):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), GLOO_SOCKET_IFNAME="lo")
    dist.init_process_group("gloo", rank=rank, world_size=size)
    return init_device_mesh("cpu", (size,))


def save(rank, size, port, step, killed):
    mesh = begin(rank, size, port)
    writer = CheckpointWriter("ckpt:net", connect(), id=f"step-{step}", alias="last", metadata={"step": step})
    if rank == killed:
        write = writer.new.fs._open_new

        def open_then_die(*arguments):
            file = write(*arguments)
            file.write(b"x" * 9_000_000)  # a part of a shard is sent
            os.kill(os.getpid(), signal.SIGKILL)

        writer.new.fs._open_new = open_then_die
    dcp.save(state_of(mesh, step), storage_writer=writer)
    if rank == 0:
        print("saved", writer.saved.ref, flush=True)
    dist.barrier()
    dist.destroy_process_group()


def die_before_commit(rank, size, port, step):
    """A job whose clock is ahead: all is sent, and the version does not appear."""
    now = written.time.time_ns
    written.time.time_ns = lambda: now() + 3600 * 10**9
    mesh = begin(rank, size, port)
    writer = CheckpointWriter("ckpt:net", connect(), id=f"step-{step}")
    writer.finish = lambda **_: os.kill(os.getpid(), signal.SIGKILL)
    dcp.save(state_of(mesh, 99), storage_writer=writer)


def load(rank, size, port, step):
    mesh = begin(rank, size, port)
    state = state_of(mesh, 99)
    dcp.load(state, storage_reader=CheckpointReader("ckpt:net@last", connect()))
    expected = state_of(mesh, step)
    same = all(
        torch.equal(state["model"][key].full_tensor(), expected["model"][key].full_tensor())
        for key in expected["model"]
    )
    if rank == 0:
        print("loaded by", size, same, state["step"], state["betas"], flush=True)
    dist.barrier()
    dist.destroy_process_group()


def free_port():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def spawn(function, size, *arguments):
    """Runs a function in ranks. Returns their exit codes; the others are ended if one dies."""
    context = multiprocessing.get_context("fork")  # PyTorch is imported once, and nothing is computed before
    port = free_port()
    ranks = [context.Process(target=function, args=(rank, size, port, *arguments)) for rank in range(size)]
    for each in ranks:
        each.start()
    while any(each.is_alive() for each in ranks):
        for each in ranks:
            each.join(0.05)
            if each.exitcode not in (None, 0):
                for other in ranks:
                    other.kill()
    return [each.exitcode for each in ranks]


def save_async(rank, size, port, kind):
    mesh = begin(rank, size, port)
    writer = CheckpointWriter(f"ckpt:{kind}", connect(), id="1")
    state = state_of(mesh, 5)
    future = dcp.async_save(
        state,
        storage_writer=writer,
        process_group=dist.new_group(backend="gloo"),
        async_checkpointer_type=AsyncCheckpointerType[kind.upper()],
    )
    state["model"]["large"].to_local().zero_()  # the training goes on
    future.result()
    dist.barrier()
    loaded = state_of(mesh, 99)
    dcp.load(loaded, storage_reader=CheckpointReader(f"ckpt:{kind}", connect()))
    large = loaded["model"]["large"].full_tensor()
    same = torch.equal(large, state_of(mesh, 5)["model"]["large"].full_tensor())
    if rank == 0:
        print("async, by a", kind, same, loaded["step"], writer.saved is not None, flush=True)
    dist.barrier()
    dist.destroy_process_group()


def unchanged():
    """A checkpoint of which one tensor changes: the others are stored once."""
    registry = connect()
    state = {name: torch.rand(200_000) for name in ("frozen", "frozen too", "trained")}
    for step in range(3):
        state["trained"] += 1
        writer = CheckpointWriter("ckpt:lora", registry, id=str(step), single_file_per_rank=False)
        dcp.save(state, storage_writer=writer, no_dist=True)
    for version in (1, 3):
        loaded = {name: torch.zeros(200_000) for name in state}
        reader = CheckpointReader(f"ckpt:lora@{version}", registry)
        dcp.load(loaded, storage_reader=reader, no_dist=True)
        expected = {**state, "trained": state["trained"] - 3 + version}
        print(all(torch.allclose(loaded[name], expected[name]) for name in state))


def half():
    """A checkpoint in one file, of which one half changes: the other is not sent."""
    registry, sent, send = connect(), [0], sending.send_piece

    def counted(connection, data):
        sent[0] += len(data)
        return send(connection, data)

    sending.send_piece = counted
    put = draft.PartToSend.put

    def refusing(part, files):
        if any("earlier" in file for file in files):
            raise holdfast.Corrupt("Corrupt", "the latest version is damaged", "")
        return put(part, files)

    state = {"frozen": torch.rand(6_000_000), "trained": torch.rand(6_000_000)}
    for step in range(3):
        state["trained"] += 1
        if step == 2:
            draft.PartToSend.put = refusing
        sent[0] = 0
        writer = CheckpointWriter("ckpt:half", registry, id=str(step))
        dcp.save(state, storage_writer=writer, no_dist=True)
        loaded = {name: torch.zeros(6_000_000) for name in state}
        dcp.load(loaded, storage_reader=CheckpointReader(writer.saved.ref, registry), no_dist=True)
        print(all(torch.equal(loaded[name], state[name]) for name in state), round(sent[0] / 24e6, 1))
    sending.send_piece, draft.PartToSend.put = send, put


def many():
    """A checkpoint of many tensors, whose check asks the service as rarely as a trusting load."""
    registry, read = connect(), Connection.read_range
    state = {str(number): torch.rand(65_536) for number in range(40)}
    dcp.save(state, storage_writer=CheckpointWriter("ckpt:many", registry, id="1"), no_dist=True)
    asked = {True: 0, False: 0}
    for trust in asked:

        def counted(*arguments):
            asked[trust] += 1
            return read(*arguments)

        Connection.read_range = counted
        loaded = {name: torch.zeros(65_536) for name in state}
        reader = CheckpointReader("ckpt:many", registry, trust=trust)
        dcp.load(loaded, storage_reader=reader, no_dist=True)
        print(all(torch.equal(loaded[name], state[name]) for name in state))
    Connection.read_range = read
    print("asked", 0 < asked[False] <= asked[True] or asked)


def lost():
    """A thread of PyTorch that fails: it prints the error, and goes on without the values."""
    registry = connect()
    writer = CheckpointWriter("ckpt:lost", registry, id="1", thread_count=2)
    create, has_failed = writer.fs.create_stream, threading.Event()

    def failing(path, mode):
        if threading.current_thread() is not threading.main_thread():
            has_failed.set()
            raise OSError("disk is full")
        assert path.endswith(".metadata") or has_failed.wait(60)
        has_failed.clear()
        return create(path, mode)

    writer.fs.create_stream = failing
    threading.excepthook = lambda _: None
    try:
        dcp.save({"a": torch.ones(9), "b": torch.ones(9)}, storage_writer=writer, no_dist=True)
    except BaseException as error:  # of PyTorch, they are not Exceptions
        print("lost", "a thread wrote no file" in str(error), "ckpt:lost" in registry)


def single():
    """In one process: without a process group."""
    registry = connect()
    opened_files.MOST_KEPT = 0  # no file can be read back, as with the metadata of very large jobs

    class Own:
        def __reduce__(self):
            return print, ("ran code",)

    writer = CheckpointWriter("ckpt:single", registry, id="1")
    dcp.save({"w": torch.ones(3), "own": Own()}, storage_writer=writer, no_dist=True)
    state = {"w": torch.zeros(3), "own": None}
    try:
        dcp.load(state, storage_reader=CheckpointReader("ckpt:single", registry), no_dist=True)
    except BaseException as error:  # of PyTorch, they are not Exceptions
        print("refused", '"own" is not a plain value' in str(error))
    dcp.load(state, storage_reader=CheckpointReader("ckpt:single", registry, trust=True), no_dist=True)
    print(state["w"].tolist())

    import pickle

    with holdfast.version("ckpt:evil", registry) as new:
        new.pipe(".metadata", pickle.dumps(Own()))
    try:
        dcp.load(state, storage_reader=CheckpointReader("ckpt:evil", registry), no_dist=True)
    except BaseException as error:  # of PyTorch, they are not Exceptions
        print("refused", "builtins.print" in str(error))

    writer = CheckpointWriter("ckpt:fsspec", registry, id="1")
    for arguments in ({"checkpoint_id": "x"}, {"use_collectives": False}):
        try:
            dcp.save({"w": torch.ones(3)}, storage_writer=writer, no_dist=True, **arguments)
        except BaseException as error:  # of PyTorch, they are not Exceptions
            print("refused", type(error).__name__)


if __name__ == "__main__":
    registry = connect()
    print(spawn(save, 2, 1, 1), "ckpt:net" in registry)  # the second rank is killed
    print(spawn(save, 3, 1, 0), "ckpt:net" in registry)  # the first of more ranks
    print(spawn(save, 2, 1, None), registry.aliases("ckpt:net"), registry.open("ckpt:net").metadata)
    print(sorted(file.path for file in registry.open("ckpt:net").files))
    print(spawn(load, 2, 1), spawn(load, 3, 1))
    print(spawn(save, 3, 2, None), spawn(load, 1, 2))
    print(spawn(die_before_commit, 1, 3), spawn(save, 1, 3, None), spawn(load, 1, 3))
    print(spawn(save_async, 2, "thread"))
    single()
    unchanged()
    half()
    many()
    lost()
