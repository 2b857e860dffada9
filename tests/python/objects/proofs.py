"""Objects come back equal, or are refused. Prints lines that end with `ok`, or say what is wrong.

The files of an object stay in a folder: no service has to carry them.
"""

import copy
import json
import pathlib
import sys
import tempfile
import warnings

import torch
from holdfast.core.errors import Conflict, HoldfastError
from holdfast.values.objects.objects import FACTS, object_folder, serializer_of
from holdfast.values.objects.table import ROWS, Loading
from torch import nn

warnings.filterwarnings("ignore")
torch.manual_seed(1)


def report(name, ok):
    print(name, "ok" if ok else "WRONG")


class Stored:
    """An object in a folder. Without the members of `facts` that `without` names, as of old."""

    def __init__(self, value, without=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1]))
        row = serializer_of(value)
        with object_folder(value, row) as folder:
            for path in folder.rglob("*"):
                if path.is_file():
                    target = self.folder / path.relative_to(folder)
                    target.parent.mkdir(exist_ok=True, parents=True)
                    target.write_bytes(path.read_bytes())
        self.known = json.loads((self.folder / FACTS).read_text())
        (self.folder / FACTS).unlink()
        for each in without:
            del self.known["facts"][each]

    def load(self, into=None):
        row = ROWS[self.known["serializer"]]
        return row.load(Loading("saved", self.folder, self.known["facts"], into, False))

    def refuses(self, into, *words):
        try:
            self.load(into)
        except HoldfastError as error:
            return error.code == "Invalid" and all(word in f"{error}" for word in words)
        return False


def same(a, b):
    """Whether states have the same keys and bits."""
    return [*a] == [*b] and all(
        a[key].dtype == b[key].dtype
        and a[key].shape == b[key].shape
        and a[key]
        .contiguous()
        .view(-1)
        .view(torch.uint8)
        .equal(b[key].contiguous().view(-1).view(torch.uint8))
        for key in a
    )


class Scaled(nn.Module):
    """A class that changed: states of its version 1 have the half of its weights."""

    _version = 2

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(3.0))

    def _load_from_state_dict(self, state, prefix, metadata, *rest):
        if metadata.get("version") is None or metadata["version"] < 2:
            state[prefix + "weight"] = state[prefix + "weight"] * 2
        super()._load_from_state_dict(state, prefix, metadata, *rest)


class Rounds(nn.Module):
    """A class that loads other values than it saves."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.5, 2.5]))

    def _load_from_state_dict(self, state, prefix, *rest):
        state[prefix + "weight"] = state[prefix + "weight"].round()
        super()._load_from_state_dict(state, prefix, *rest)


class Net(nn.Module):
    def __init__(self, activation="relu", scale=1.0):
        super().__init__()
        self.activation, self._scale = getattr(nn.functional, activation), scale
        self.first, self.second = (
            nn.Linear(3, 3, bias=False),
            nn.Linear(3, 3, bias=False),
        )


class Tied(Net):
    def __init__(self):
        super().__init__("relu")
        self.second.weight = self.first.weight


def of_modules():
    import torchvision

    stored = Stored(Scaled())
    report(
        "version, by class",
        same(stored.load(Scaled).state_dict(), Scaled().state_dict()),
    )
    report(
        "version, by object",
        same(stored.load(Scaled()).state_dict(), Scaled().state_dict()),
    )
    other = Scaled()
    other.load_state_dict(Stored({"net": [other.state_dict()]}).load()["net"][0])
    report("version, in a state", other.weight.tolist() == [0, 1, 2])
    mnasnet = torchvision.models.mnasnet0_5().eval()
    again = Stored(mnasnet).load(torchvision.models.mnasnet0_5())
    report("MNASNet", same(again.state_dict(), mnasnet.state_dict()))

    net = Net("gelu", 2.0)
    stored = Stored(net)
    report("state", same(stored.load(dict), net.state_dict()))
    for title, into, words in (
        ("unknown arguments", Net, ["activation", "scale", "Pass an instance"]),
        ("other function", Net("relu", 2.0), ["gelu", "relu", "into=dict"]),
        ("other number", Net("gelu"), ["scale=2.0", "scale=1.0"]),
        ("another class", Tied(), ["Net(", "Tied("]),
        ("rounds", Net("gelu", 2.0).half(), ["torch.float32", "torch.float16"]),
        ("missing key", nn.Sequential(net), ["Net("]),
    ):
        before = copy.deepcopy(into.state_dict()) if isinstance(into, nn.Module) else {}
        is_refused = stored.refuses(into, *words)
        report(title, is_refused and (not before or same(before, into.state_dict())))
    report(
        "same arguments",
        same(stored.load(Net("gelu", 2.0)).state_dict(), net.state_dict()),
    )
    tied = Stored(Tied())
    report("no arguments", tied.load(Tied).first.weight is not None)
    relu = Stored(nn.Tanh())
    report("no arguments of its own", isinstance(relu.load(nn.Tanh), nn.Tanh))
    inherited = type("Inherited", (Net,), {})
    report("inherited", Stored(inherited()).refuses(inherited, "activation"))
    old = Stored(net, without=["made"])
    report("of an earlier commit", same(old.load(Net()).state_dict(), net.state_dict()))
    for title, value, into, words in (
        ("unexpected key", {**net.state_dict(), "odd": torch.ones(1)}, Net(), ["odd"]),
        ("missing key", {"first.weight": torch.ones(3, 3)}, Net(), ["second.weight"]),
        (
            "other shape",
            nn.Linear(2, 3).state_dict(),
            nn.Linear(2, 4),
            ["[3, 2]", "[4, 2]"],
        ),
        ("two values for one", net.state_dict(), Tied(), ["second.weight"]),
        (
            "changed by its class",
            Rounds().state_dict(),
            Rounds(),
            ["weight", "into=dict"],
        ),
        ("another list", [torch.ones(1)], Net(), ["state of a module"]),
    ):
        before = copy.deepcopy(into.state_dict())
        is_refused = Stored(value).refuses(into, *words)
        report(title, is_refused and same(before, into.state_dict()))
    other = Net()
    other.second.weight = other.first.weight
    is_refused = Stored(other).refuses(Net(), "second.weight is first.weight")
    report("two of one", is_refused)
    report("changed by its class", Stored(Rounds()).refuses(Rounds))

    adam, sgd = (
        kind(net.parameters(), lr=0.1) for kind in (torch.optim.Adam, torch.optim.SGD)
    )
    stored = Stored({"x": torch.ones(1), **adam.state_dict()})
    report(
        "another optimizer",
        Stored({**sgd.state_dict(), "x": torch.ones(1)}).refuses(adam, "'x'"),
    )
    net.first.weight.grad = net.second.weight.grad = torch.ones(3, 3)
    sgd.step(), adam.step()
    report("fewer arguments", Stored(adam.state_dict()).refuses(sgd, "momentum"))
    report("its state", Stored(adam.state_dict()).load(adam) is adam)


def of_changes():
    """Tensors that change after they were written, in ways that PyTorch counts or not."""
    import safetensors.torch

    net, write = nn.Linear(3, 3), safetensors.torch.save_file
    array = net.weight.detach().numpy()
    changes = {
        "by an optimizer": lambda: net.bias.detach().fill_(7),
        "by .data": lambda: net.weight.data.fill_(7),
        "by an array": lambda: array.fill(8),
        "by another tensor": lambda: setattr(net.bias, "data", torch.ones(3)),
        "one bit": lambda: array.view("int32").__ixor__(1),
        "its keys": lambda: net.register_buffer("more", torch.ones(1)),
    }
    for title, change in changes.items():

        def write_first(*args, change=change):
            write(*args)
            change()

        safetensors.torch.save_file = write_first
        try:
            Stored(net)
            report(title, False)
        except Conflict:
            report(title, True)
        safetensors.torch.save_file = write


for part in sys.argv[2:]:
    globals()[f"of_{part}"]()
