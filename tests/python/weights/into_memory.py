"""Loads weights into tensors in memory: those of a plain load, by the bytes of the change alone."""

import json
import random
import sys
from pathlib import Path

import holdfast
import safetensors.torch
import torch
from holdfast.values.objects import in_memory

location, url, token = sys.argv[1:4]
registry = holdfast.open_registry(location)
service = holdfast.connect(url, token=token)
store = registry._store
read_object, fetched = store.read, 0


def counted(key, offset=0, size=None):
    global fetched
    for chunk in read_object(key, offset, size):
        fetched += len(chunk) if key.startswith("objects/") else 0
        yield chunk


store.read = counted


def plain(ref):
    files = [each for each in registry.open(ref).files if each.path.endswith(".safetensors")]
    return {k: v for each in files for k, v in safetensors.torch.load(each.read()).items()}


def bits(state):
    flat = {name: x.contiguous().view(-1).view(torch.uint8) for name, x in sorted(state.items())}
    return {name: (str(state[name].dtype), x) for name, x in flat.items()}


def equal(one, other):
    one, other = bits(one), bits(other)
    same = all(a[0] == b[0] and torch.equal(a[1], b[1]) for a, b in zip(one.values(), other.values()))
    return list(one) == list(other) and same


def fetch(ref, into, by=registry):
    global fetched
    fetched = 0
    assert by.load(ref, into=into) is into
    return fetched


def refused(ref, into, by=registry):
    before = {name: x.clone() for name, x in into.items() if isinstance(x, torch.Tensor)}
    try:
        by.load(ref, into=into)
    except holdfast.HoldfastError as error:
        tensors = {name: x for name, x in into.items() if isinstance(x, torch.Tensor)}
        assert equal(tensors, before), f"{error}, but `into` is changed"
        return error
    raise AssertionError(f"nothing refused {ref}")


def steps():
    """Each step of a training fetches what it added, and any way back and forth gives the right bits."""
    added, size = json.loads(sys.argv[5]), registry.open("a@1").file("model.safetensors").size
    into = {name: torch.full_like(x, 7) for name, x in plain("a@1").items()}
    into["layer.0"] = into["layer.0"].t().contiguous().t()  # columns first
    for at, share in enumerate(added):
        count, ref = fetch(f"a@{at + 1}", into), f"a@{at + 1}"
        assert equal(into, plain(ref)), ref
        assert count <= 1.05 * share * size + 4096, (ref, count, share * size)
    print("steps ok")
    chosen = random.Random(4)
    for _ in range(20):
        ref = f"a@{chosen.randrange(len(added)) + 1}"
        count = fetch(ref, into)
        assert equal(into, plain(ref)), ref
    assert fetch(ref, into) < 4096  # what is there already
    print("jumps ok")
    into["layer.1"][5, 5] += 1  # as a trainer would
    fetch("a@4", into)
    assert equal(into, plain("a@4"))
    moved = {name: x.clone() for name, x in into.items()}
    fetch("a@5", moved)
    assert equal(moved, plain("a@5")) and equal(into, plain("a@4"))
    with torch.inference_mode():
        tensors = {name: torch.zeros_like(x) for name, x in into.items()}
    fetch("a@2", tensors)
    fetch("a@3", tensors, service)
    assert equal(tensors, plain("a@3"))
    net = torch.nn.Module()
    for name, x in into.items():
        net.register_parameter(name.replace(".", "_"), torch.nn.Parameter(x.clone()))
    fetch("a@6", {name: getattr(net, name.replace(".", "_")) for name in into})
    assert equal({name: getattr(net, name.replace(".", "_")) for name in into}, plain("a@6"))
    print("memories ok")


def refusals():
    good = {name: torch.zeros_like(x) for name, x in plain("a@1").items()}
    fetch("a@1", good)
    first, second = good["layer.0"], good["layer.1"]
    odd = [
        {"layer.0": first},
        {**good, "more": first},
        {"layer.0": first, "layer.1": second[:, :-1]},
        {"layer.0": first, "layer.1": second.to(torch.float16)},
        {"layer.0": first, "layer.1": first},
        {"layer.0": first, "layer.1": 1},
        {"layer.0": first, "layer.1": second.to("meta")},
        {"layer.0": first, "layer.1": second[:1].expand(512, -1)},
    ]
    for by in (registry, service):
        for into in odd:
            tensors = {k: x for k, x in into.items() if not getattr(x, "is_meta", False)}
            before = {k: x.clone() for k, x in tensors.items() if isinstance(x, torch.Tensor)}
            try:
                by.load("a@2", into=into)
                raise AssertionError(f"it took {into}")
            except holdfast.Invalid as error:
                assert error.hint, error
            assert all(torch.equal(tensors[k], x) for k, x in before.items()), "changed"
    for ref in ("config", "text"):
        assert isinstance(refused(ref, good), holdfast.Invalid)
    print("refusals ok")
    # damaged objects, one after the other
    objects = [each for each in Path(location, "objects").rglob("*") if each.is_file()]
    into = {name: torch.zeros_like(x) for name, x in good.items()}
    found = 0
    for path in objects:
        fetch("a@6", into)
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(bytes(data[: len(data) // 3]) + b"damaged" + data[len(data) // 3 + 7 :])
        fresh = holdfast.open_registry(location)
        for by in (registry, fresh):
            before = {name: x.clone() for name, x in into.items()}
            try:
                by.load("a@8", into=into)
                path.write_bytes(data)
                assert equal(into, plain("a@8"))
            except holdfast.Corrupt:
                found += 1
                assert equal(into, before), "a refused load has changed the target"
            path.write_bytes(bytes(data[: len(data) // 3]) + b"damaged" + data[len(data) // 3 + 7 :])
        path.write_bytes(data)
        fetch("a@8", into)
        assert equal(into, plain("a@8"))
    assert found > 1, found
    print("damage ok")
    # Ctrl-C between two tensors
    write = in_memory.write
    def interrupted(writes):
        in_memory.write = write
        write(writes[:1])
        raise KeyboardInterrupt
    in_memory.write = interrupted
    try:
        registry.load("a@3", into=into)
        raise AssertionError("not interrupted")
    except KeyboardInterrupt:
        assert equal(into, plain("a@3"))
    print("interrupt ok")


def objects():
    """States and modules that were saved as they are."""
    torch.manual_seed(5)
    net = torch.nn.Sequential(torch.nn.Linear(700, 600), torch.nn.Linear(600, 700, bias=False))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-5)

    def step():
        optimizer.zero_grad()
        net(torch.randn(8, 700)).square().mean().backward()
        optimizer.step()

    def state(epoch):
        own = {"model": net.state_dict(), "optimizer": optimizer.state_dict()}
        return {**own, "epoch": epoch, "best": (epoch, [0.5, None]), "rng": torch.get_rng_state()}

    step()
    into = registry_state = None
    for epoch in range(4):
        step()
        service.save("run", state(epoch), share="values")
        wanted = registry.load("run")
        if into is None:
            into = registry.load("run")
            registry_state = into["model"]
        registry.load("run", into=into)
        assert into["model"] is registry_state and into["epoch"] == epoch
        assert into["best"] == (epoch, [0.5, None])
        assert equal(into["model"], wanted["model"]) and equal(into["model"], net.state_dict())
        saved, own = wanted["optimizer"]["state"], into["optimizer"]["state"]
        assert all(equal(saved[key], own[key]) for key in saved)
        assert into["optimizer"]["param_groups"] == optimizer.state_dict()["param_groups"]
    print("states ok")
    service.save("net", net)
    other = torch.nn.Sequential(torch.nn.Linear(700, 600), torch.nn.Linear(600, 700, bias=False))
    fetch("net", other.state_dict())
    assert equal(other.state_dict(), net.state_dict())
    tensor = torch.zeros(3, 4)
    service.save("tensor", torch.ones(3, 4))
    assert registry.load("tensor", into=tensor) is tensor and torch.equal(tensor, torch.ones(3, 4))
    for odd in ({}, {"model": 1}, {**into, "more": 1}, {**into, "epoch": torch.ones(1)}):
        wrong = {**odd, "x": torch.ones(1)} if len(odd) < 2 else odd
        try:
            registry.load("run", into=wrong)
            raise AssertionError("it took another state")
        except holdfast.Invalid as error:
            assert "keys, types or shared tensors" in str(error), error
    print("modules ok")


{"steps": steps, "refusals": refusals, "objects": objects}[sys.argv[4]]()
