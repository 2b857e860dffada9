"""Objects come back equal, or are refused. Prints lines that end with `ok`, or say what is wrong.

The files of an object stay in a folder: no service has to carry them.
"""

import copy
import enum
import functools
import json
import pathlib
import sys
import tempfile
import warnings

import torch
from holdfast.core.errors import Conflict, HoldfastError
from holdfast.values.objects.objects import FACTS, object_folder, serializer_of
from holdfast.values.objects.pretrained import other_part
from holdfast.values.objects.table import ROWS, Loading
from torch import nn

warnings.filterwarnings("ignore")
torch.manual_seed(1)
FOLDER = sys.argv[1]


def report(name, ok):
    print(name, "ok" if ok else "WRONG")


class Stored:
    """An object in a folder, whose `facts` lack the members that `without` names."""

    def __init__(self, value, without=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=FOLDER))
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

    def load(self, into=None, trust=False):
        row = ROWS[self.known["serializer"]]
        return row.load(Loading("saved", self.folder, self.known["facts"], into, trust))

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


def load_first(self, *args):
    nn.Module._load_from_state_dict(self, *args)


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


class Holder(nn.Module):
    """A module with an argument, and a state that is not a tensor."""

    def __init__(self, value=0, dtype=torch.float32):
        super().__init__()
        self._value, self.dtype = value, dtype
        self.weights = nn.ParameterList([torch.ones(2), torch.ones(0), torch.ones(0)])
        self.named = nn.ParameterDict({"a": torch.ones(2)})

    def get_extra_state(self):
        return {"steps": 3}

    def set_extra_state(self, state):
        if state != {"steps": 3}:
            raise ValueError("other steps")


class States:
    """An object with a state, which is no module."""

    def __init__(self, state):
        self.state = state

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        raise TypeError("loads no state")


def of_arguments():
    def last(x, y):
        return y

    partial = functools.partial
    for own, other in (
        *((1, 2), ("a", "b"), (True, False), (None, 1), (1.5, 2.5), (True, 1)),
        *(({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), ([1], [2]), ((1, "a"), (1, "b"))),
        *((partial(last, 1), partial(last, 2)), (partial(last, y=1), partial(last, y=2))),
        *((nn.functional.relu, nn.functional.gelu), (nn.ReLU, nn.GELU), (nn.ReLU(), nn.GELU())),
    ):
        stored = Stored(Holder(own))
        report(f"other {type(own).__name__}", stored.refuses(Holder(other), "value"))
        report(f"same {type(own).__name__}", stored.load(Holder(own)) is not None)
    half = Holder(dtype="float16").half()
    again = Stored(half).load(Holder(dtype="half").half())
    report("other dtype of its own", same(again.named.state_dict(), half.named.state_dict()))

    class Lists(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights, self.named = Holder().weights, Holder().named
            self.register_buffer("kept", torch.ones(2))
            self.register_buffer("own", torch.ones(2), persistent=False)

    again = Stored(Lists().half()).load(Lists)
    report("lists", same(again.state_dict(), Lists().half().state_dict()))
    report("a buffer that is not saved", again.own.dtype == torch.float16)

    def __init__(self, value=0, dtype=torch.float32, more=1):  # noqa: N807
        Holder.__init__(self, value, dtype)
        self.more = more

    newer = type("Holder", (Holder,), {"__init__": __init__})
    report("a later class", isinstance(Stored(Holder(3)).load(newer(3)), newer))
    report("its later argument", Stored(Holder(3)).refuses(newer(3, more=2), "more=2"))
    for title, into in (("by a hook", Holder()), ("by a hook after it", Holder())):
        if title == "by a hook":
            into.register_load_state_dict_pre_hook(lambda _, state, *__: state["weights.0"].mul_(2))
        else:
            into.register_load_state_dict_post_hook(lambda own, _: (own.weights[0].data.mul_(2), None)[1])
        report(f"changed {title}", Stored(Holder()).refuses(into, "changes", "weights.0"))
    own_code = type("Holder", (Holder,), {"_load_from_state_dict": load_first})
    report("loaded by its own code", isinstance(Stored(Holder()).load(own_code()), Holder))
    report("a part of a tensor", Stored([torch.arange(5.0)[1:3]]).load()[0].tolist() == [1, 2])
    stored = Stored(Holder())
    report("on meta", stored.refuses(Holder().to("meta"), "device meta"))
    for title, value, into, words in (
        ("no module", stored, 3, ["no load_state_dict"]),
        ("an object without a state", Stored([torch.ones(1)]), 3, ["no load_state_dict"]),
        ("a class", Stored({"a": torch.ones(1)}), Holder, ["is a class", "into=Holder(…)"]),
        ("other extra state", Stored({**Holder().state_dict(), "_extra_state": 1}), Holder(), ["other steps"]),
        ("a number for a tensor", Stored({**Holder().state_dict(), "weights.0": 1}), Holder(), ["weights.0"]),
        ("a tensor for a dict", Stored({**Holder().state_dict(), "_extra_state": torch.ones(1)}), Holder(), ["other"]),
        ("an object that loads nothing", Stored({"a": torch.ones(1)}), States({"a": 1}), ["loads no state"]),
        ("no groups", Stored({"param_groups": torch.ones(1)}), States({"param_groups": [{"lr": 1}]}), ["loads no"]),
        ("needs no groups", Stored({"param_groups": [{"lr": torch.ones(1)}]}), States({"param_groups": 3}), ["loads no"]),
        ("other keys", Stored({"a": torch.ones(1)}), States(["b"]), ["no key 'b'"]),
    ):
        report(title, value.refuses(into, *words))


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
        ("other number", Net("gelu"), ["scale=2.0"]),
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
            nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3)).state_dict(),
            nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 4)),
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
    net.register_buffer("empty", torch.ones(0)), net.register_buffer("ones", torch.ones(2))
    array = net.weight.detach().numpy()
    changes = {
        "by an optimizer": lambda: net.bias.detach().fill_(7),
        "by .data": lambda: net.weight.data.fill_(7),
        "by an array": lambda: array.fill(8),
        "by another tensor": lambda: setattr(net.bias, "data", torch.ones(3)),
        "one bit": lambda: array.view("int32").__ixor__(1),
        "its shape": lambda: setattr(net.bias, "data", net.bias.data.view(3, 1)),
        "the shape of an empty one": lambda: setattr(net.empty, "data", torch.ones(0, 1)),
        "its dtype": lambda: net.register_buffer("empty", torch.ones(0, dtype=torch.int32)),
        "its bits, as numbers": lambda: net.register_buffer("ones", net.ones.view(torch.int32)),
        "its keys": lambda: net.register_buffer("more", torch.ones(1)),
    }
    state = {"a": torch.ones(3)}
    changes["in a dict"] = lambda: state["a"].fill_(7)
    for title, change in changes.items():
        value = state if title == "in a dict" else net

        def write_first(*args, change=change):
            write(*args)
            change()

        safetensors.torch.save_file = write_first
        try:
            Stored(value)
            report(title, False)
        except Conflict:
            report(title, True)
        safetensors.torch.save_file = write


def of_arrays():
    """Arrays of NumPy that change, grow or shrink while they are saved, or have odd dtypes."""
    import io
    from unittest import mock

    import numpy
    from holdfast.values.serializers import Parts, files_of

    written = {}

    def result(value):
        with tempfile.TemporaryDirectory() as folder:
            try:
                kind, files = files_of(value, lambda: pathlib.Path(folder))
            except HoldfastError as error:
                return error.code, f"{error}"
            parts = [each for each in files if each.path.endswith(("npy", "bin"))]
            found = [each.content for each in parts]
            found = [each if isinstance(each, bytes) else each.read_bytes() for each in found]
            written.update({each.path: data for each, data in zip(parts, found, strict=True)})
            if kind == "json":
                written["data.json"] = files[0].content
            return kind, {
                each.path: (each.given, numpy.load(io.BytesIO(data)) if each.path.endswith("npy") else data)
                for each, data in zip(parts, found, strict=True)
            }

    def changing(value, change):
        """Saves a value, which changes after its first array was read."""
        save, turn = numpy.save, []

        def save_first(*args, **options):
            save(*args, **options)
            turn.append(1)
            if len(turn) == 1:
                change()

        with mock.patch.object(numpy, "save", save_first):
            return result(value)[0] == "Conflict"

    array, longer = numpy.arange(6, dtype="i4"), numpy.arange(9, dtype="i4")
    for where, least in (("", 2**40), (" outside", -1)):
        with mock.patch.object(Parts, "LEAST_OUTSIDE", least):
            kind, found = result(array)
            is_given, again = found["array.npy"]
            is_same = again.dtype == "i4" and again.tolist() == array.tolist()
            report(f"array{where}", kind == "ndarray" and is_given == (least < 0) and is_same)
            kind, found = result({"a": array, "b": [array[::-1], b"bytes"]})
            is_same = found["parts/1.npy"][1].tolist() == array[::-1].tolist()
            is_same = is_same and found["parts/2.bin"][1] == b"bytes"
            names = [f"parts/{at}" in f"{written['data.json']}" for at in ("0.npy", "1.npy", "2.bin")]
            report(f"parts{where}", kind == "json" and is_same and all(names))
            report(f"changed array{where}", changing(array, lambda: array.__iadd__(1)))
            for name, at, other in (
                ("changed", "first", array + 1),
                ("shorter", "first", array[:3]),
                ("longer", "first", longer),
                ("shorter bytes", "bytes", b"a"),
                ("longer bytes", "bytes", b"abc"),
                ("number", "number", 2),
            ):
                value = {"first": array, "bytes": b"ab", "number": 1}
                change = {at: other}
                report(f"{name} in a dict{where}", changing(value, lambda: value.update(change)))  # noqa: B023
    report("plain", result(["a", 1]) == ("json", {}) and result("a") == ("text", {}))
    pathlib.Path(FOLDER, "a.txt").write_bytes(b"a")
    report("a file", result(pathlib.Path(FOLDER, "a.txt"))[0] == "file")
    binary = (b"a", bytearray(b"a"), memoryview(b"a"))
    report("bytes", all(result(each)[0] == "bytes" for each in binary))
    noted = numpy.dtype("i4", metadata={"unit": "K"})
    fields = {"names": ["a", "b"], "formats": ["i4", "i2"]}
    itself = [1]
    itself.append(itself)
    for title, value, words in (
        ("objects", numpy.array([None]), "elements are objects"),
        ("notes", numpy.zeros(2, noted), "metadata of its dtype"),
        ("notes of a field", numpy.zeros(2, [("a", noted)]), "metadata of its dtype"),
        ("notes inside", numpy.zeros(2, [("a", (noted, 2))]), "metadata of its dtype"),
        ("offsets", numpy.zeros(2, {**fields, "offsets": [4, 0]}), "Save its fields"),
        ("itself", itself, "contains itself"),
        ("masked", numpy.ma.array([1, 2], mask=[False, True]), "no such values"),
        ("matrix", numpy.matrix([1]), "no such values"),
        ("of another package", type("ndarray", (), {"nbytes": 1})(), "no such values"),
        ("not Unicode", ["\ud800"], "cannot be read"),
    ):
        found = result(value)
        report(title, found[0] == "Unsupported" and words in found[1])
    padded = numpy.zeros(3, numpy.dtype([("a", "i1"), ("b", "f8")], align=True))
    padded.view("u1")[:] = 7  # also between the fields
    clean = numpy.zeros(3, padded.dtype)
    padded["a"], padded["b"] = clean["a"], clean["b"] = 1, 2
    own, other = (result(each) and written["array.npy"] for each in (padded, clean))
    report("between fields", own == other and result(padded)[1]["array.npy"][1].tolist() == padded.tolist())
    growing = type("Growing", (dict,), {"items": mock.Mock(side_effect=RuntimeError)})
    report("changes its size", result(growing(a=1))[0] == "Conflict")
    grid = numpy.asfortranarray(numpy.zeros((2, 3), padded.dtype))
    report("order", result(grid)[1]["array.npy"][1].flags.f_contiguous)


class Never:
    """Equal to nothing, also if it has the same state."""

    def __eq__(self, other):
        return False

    __hash__ = None


def of_same():
    """Pairs that `same` of predictions finds equal, or not, whatever `==` says of them."""
    import dataclasses
    import datetime as times
    from collections import deque
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    import numpy
    import pandas
    import pydantic
    from holdfast.values.objects import predictions, pretrained
    from scipy.sparse import csr_array
    from sklearn.linear_model import Lasso, Ridge

    @dataclasses.dataclass
    class Row:
        x: object

    class Model(pydantic.BaseModel, extra="allow"):
        _own: object = pydantic.PrivateAttr(0)

    def private(value):
        model = Model()
        model._own = value
        return model

    def random(seed, state=None):
        made = numpy.random.RandomState(seed)
        made.set_state((state or made).get_state())
        return made

    nan, berlin = float("nan"), ZoneInfo("Europe/Berlin")
    at = times.datetime(2026, 1, 1, tzinfo=times.timezone(times.timedelta(hours=1)))
    eye, partial = csr_array(numpy.eye(2)), functools.partial
    equal = [
        *((pandas.NA, pandas.NA), (nan, float("nan")), (complex(nan, 0), complex(nan, 0)), (1.5, 3 / 2)),
        *(([1, (2,)], [1, (2,)]), ({"a": [1]}, {"a": [1]}), ({1, "a"}, {"a", 1}), (deque([1]), deque([1]))),
        *((at, at.replace()), (times.time(1), times.time(1)), (Decimal("1.0"), Decimal("1.0"))),
        (at, at.replace(tzinfo=pydantic.TypeAdapter(times.datetime).validate_json(f'"{at.isoformat()}"').tzinfo)),
        *((numpy.array([nan, 1]), numpy.array([nan, 1])), (numpy.float32(nan), numpy.float32(nan))),
        *((numpy.array([1, "a"], object), numpy.array([1, "a"], object)), (eye, eye.copy())),
        *((Ridge(2), Ridge(2)), (Row([1]), Row([1])), (Model(a=1), Model(a=1)), (private(2), private(2))),
        *((random(1), random(1)), (random(1), random(2, random(1))), (partial(int, "1"), partial(int, "1"))),
        *((numpy.random.default_rng(1), numpy.random.default_rng(1)), (Ridge, Ridge), ("a", "a")),
        (object(), object()),
    ]
    other = [
        *((True, 1), (1, 1.0), (0.0, -0.0), (complex(0, 0.0), complex(0, -0.0)), (1.0, nan)),
        *((Decimal("1.0"), Decimal("1.00")), ([True], [1]), ((True,), (1,)), (deque([True]), deque([1]))),
        *(([1, 2], [1]), ([1], [1, 2]), ({"a": True}, {"a": 1}), ({True: 1}, {1: 1}), ({"a": 1}, {"a": 1, "b": 2})),
        *(({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({True}, {1}), (frozenset([True]), frozenset([1])), ({1}, {1, 2})),
        *((at, at.replace(fold=1)), (at, at.replace(tzinfo=None)), (times.time(1), times.time(1, fold=1))),
        (at.replace(tzinfo=berlin), at),
        *((numpy.zeros(2, "f4"), numpy.zeros(2, "i4")), (numpy.ones((1, 2)), numpy.ones(2))),
        *((numpy.zeros(2), -numpy.zeros(2)), (numpy.float32(0), numpy.float32("-0"))),
        *((numpy.array([1], object), numpy.array([True], object)), (eye, 2 * eye)),
        *((Ridge(1), Ridge(2)), (Ridge, Lasso), (Row(True), Row(1)), (Model(a=True), Model(a=1))),
        *((private(1), private(2)), (Never(), Never()), (random(1), random(2))),
        *((partial(int, "1"), partial(int, "2")), (numpy.random.default_rng(1), numpy.random.default_rng(2))),
        *((lambda: 1, lambda: 2),),
    ]
    fitted = Ridge(2)
    fitted.coef_ = [1]  # what was learned is compared by predictions
    equal += [(Ridge(2), fitted)]
    row, more = Row(1), Row(1)
    more.more = 2
    other += [(row, more), (more, row)]
    for is_same, pairs in ((True, equal), (False, other)):
        for a, b in pairs:
            found = predictions.same(a, b)
            report(f"{type(a).__name__} {'and an equal' if is_same else 'and another'} one", found is is_same)

    class Kind(str, enum.Enum):
        A = "a"

    for title, a, b, odd in (
        ("a tuple as a list", (1, 2), [1, 2], ""),
        ("an enum as its text", {"x": Kind.A}, {"x": "a"}, ""),
        ("a text as an enum", "a", Kind.A, ""),
        ("another name", {"_name_or_path": "a"}, {"_name_or_path": "b"}, ""),
        ("a list and a dict", [], {}, "its `a` is [], and {} after a load"),
        ("a dict and a list", {}, [], "its `a` is {}, and [] after a load"),
        ("a dict and nothing", {"x": 1}, None, "its `a` is {'x': 1}, and None after a load"),
        ("nothing and a dict", None, {"x": 1}, "its `a` is None, and {'x': 1} after a load"),
        ("a lost key", {"x": {"y": 1}}, {"x": {}}, "its `a.x.y` is 1, and None after a load"),
        ("a new key", {}, {"y": 1}, "its `a.y` is None, and 1 after a load"),
        ("a list of other length", [1], [1, 2], "its `a` is [1], and [1, 2] after a load"),
        ("another type", {"x": 1}, {"x": True}, "its `a.x` is 1, and True after a load"),
    ):
        report(title, pretrained.other_part(a, b, "a") == odd)


SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 30,
}
WORDS = {"input_ids": torch.tensor([[1, 2, 3]])}


def llama(dtype=torch.float32, **options):
    import transformers

    torch.manual_seed(1)
    config = transformers.LlamaConfig(**SMALL, **options)
    return transformers.LlamaForCausalLM(config).to(dtype).eval()


def is_refused(value, *words):
    try:
        Stored(value)
    except HoldfastError as error:
        return error.code == "Unsupported" and all(word in f"{error}" for word in words)
    return False


def of_transformers():
    import transformers as t
    from tokenizers import Tokenizer, models, pre_tokenizers

    for title, dtype in (("float32", torch.float32), ("float8", torch.float8_e4m3fn)):
        model = llama(torch.bfloat16)
        part = (
            model.model.norm
            if dtype == torch.float32
            else model.model.layers[0].mlp.up_proj
        )
        values = torch.full_like(part.weight, 1.001234567, dtype=torch.float32).to(
            dtype
        )
        part.weight = nn.Parameter(values, requires_grad=False)
        again = Stored(model).load(t.LlamaForCausalLM)
        same_buffers = same(dict(model.named_buffers()), dict(again.named_buffers()))
        report(
            f"{title} in bfloat16",
            same(again.state_dict(), model.state_dict()) and same_buffers,
        )
    stored = Stored(llama())
    report(
        "auto class",
        same(stored.load(t.AutoModelForCausalLM).state_dict(), llama().state_dict()),
    )
    for into in (
        t.LlamaForSequenceClassification,
        t.LlamaModel,
        t.AutoModel,
        t.LlamaConfig,
    ):
        report(
            f"into {into.__name__}",
            stored.refuses(into, "into=transformers.LlamaForCausalLM"),
        )
    old = Stored(llama(), without=["class", "buffers"])
    report(
        "of an earlier commit",
        same(old.load(t.LlamaForCausalLM).state_dict(), llama().state_dict()),
    )
    report(
        "random weights", old.refuses(t.LlamaForSequenceClassification, "missing_keys")
    )
    report("left out weights", old.refuses(t.LlamaModel, "unexpected_keys"))
    model = llama()
    model.model.layers[0].mlp.act_fn = nn.GELU()
    report("another part", is_refused(model, "GELU", "state_dict()"))
    model = llama(tie_word_embeddings=True)
    model.lm_head.weight = nn.Parameter(torch.ones(30, 16))
    report(
        "untied",
        same(Stored(model).load(t.LlamaForCausalLM).state_dict(), model.state_dict()),
    )
    model = llama()
    model.model.register_buffer("more", torch.ones(1))
    report("one more buffer", is_refused(model, "more"))

    words = Tokenizer(models.WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    options = {
        "padding_side": "left",
        "model_max_length": 7,
        "chat_template": "{{ x }}",
    }
    kind = t.PreTrainedTokenizerFast
    tokenizer = kind(
        tokenizer_object=words, unk_token="[UNK]", pad_token="b", **options
    )
    again = Stored(tokenizer).load(kind)
    known = {**options, "pad_token_id": 1, "unk_token_id": 2}
    report("tokenizer", all(getattr(again, key) == known[key] for key in known))
    report("another class", Stored(tokenizer).refuses(t.AutoConfig))
    for each in (2, 1.5, "x", [1], {"a": 1}):
        tokenizer.more = each
        report(f"one more {type(each).__name__}", is_refused(tokenizer, "more"))
    del tokenizer.more

    tokenizer.pad([{"input_ids": [0]}, {"input_ids": [0, 1]}])
    tokenizer(["a b a b a b a b a"])  # it warns once, and notes that it did
    given = {
        **{"padding_side": "right", "truncation_side": "left", "model_input_names": ["input_ids"]},
        **{"clean_up_tokenization_spaces": True, "split_special_tokens": True},
    }
    for key, each in given.items():
        setattr(tokenizer, key, each)
    again = Stored(tokenizer).load(kind)
    report("tokenizer that was used", tokenizer.deprecation_warnings != {})
    report("settings", all(getattr(again, key) == each for key, each in given.items()))
    plain = t.CLIPImageProcessor(size={"height": 9, "width": 9}, crop_size=9)
    for pair in ((None, "x"), ("x", None), ("x", "y"), ("x", "x"), (None, None)):
        tokenizer.chat_template = pair[1]
        processor = t.LlavaProcessor(plain, tokenizer, 3, chat_template=pair[0])
        again = Stored(processor).load(t.LlavaProcessor)
        found = (again.chat_template, again.tokenizer.chat_template)
        is_same = found == pair and again.tokenizer.truncation_side == "left"
        report(f"templates {pair} of a processor", is_same and again.patch_size == 3)
    model = llama()
    model.config.pad_token_id = 1  # as `Trainer` does
    layer = Stored(model).load(t.LlamaForCausalLM).model.embed_tokens
    report("padding of a model that was trained", layer.padding_idx is None)
    bare = Stored(llama().model).load(t.LlamaModel)  # without a generation config
    report("a model without a head", same(bare.state_dict(), llama().model.state_dict()))

    class Helped(t.ByT5Tokenizer):
        def __init__(self, **options):
            super().__init__(**options)
            self.helper = lambda text: text  # each instance has its own

    again = Stored(Helped(extra_ids=3)).load(Helped)
    report("a function in a tokenizer", again.get_vocab() == Helped(extra_ids=3).get_vocab())
    tokenizer.more = 1
    report("a tokenizer of a processor", is_refused(t.LlavaProcessor(plain, tokenizer, 3), "more"))
    del tokenizer.more
    config = t.GenerationConfig(suppress_tokens=(1, 2))  # JSON has no tuples
    report("a tuple", Stored(config).load(t.GenerationConfig).suppress_tokens == [1, 2])
    report("sets in another order", other_part({"own": {0, 8}}, {"own": {8, 0}}, "a") == "")

    config = t.GenerationConfig(max_new_tokens=3, do_sample=True, top_k=4)
    report("generation config", Stored(config).load(t.GenerationConfig).top_k == 4)
    image = t.ViTImageProcessor(size={"height": 9, "width": 8}, do_normalize=False)
    report(
        "image processor", Stored(image).load(t.ViTImageProcessor).size["width"] == 8
    )


def of_peft():
    import peft

    def lora(**options):
        options = {
            "r": 2,
            "target_modules": ["q_proj"],
            "init_lora_weights": False,
            **options,
        }
        return peft.LoraConfig(**options)

    for names, dtype, of_base, active in (
        (["default", "second"], torch.float32, torch.float32, ["second"]),
        (["mine"], torch.float32, torch.float32, ["mine"]),
        (["default"], torch.bfloat16, torch.bfloat16, ["default"]),
        (["a", "default", "b"], torch.float32, torch.bfloat16, ["default", "a"]),
    ):
        model = peft.get_peft_model(llama(of_base), lora(), names[0])
        for name in names[1:]:
            model.add_adapter(name, lora())
        for name, each in model.named_parameters():
            if "lora" in name:
                each.data = torch.rand_like(each, dtype=torch.float32).to(dtype)
        model.base_model.set_adapter(active)
        again = Stored(model.eval()).load(llama(of_base)).eval()
        is_same = list(again.peft_config) == names and again.active_adapters == active
        is_same = is_same and same(dict(model.state_dict()), dict(again.state_dict()))
        report(
            f"adapters {names}",
            is_same and model(**WORDS).logits.equal(again(**WORDS).logits),
        )

    model = peft.get_peft_model(llama(), lora())
    stored = Stored(model)
    for title, base, words in (
        ("another size", llama(num_key_value_heads=1, head_dim=4), ["does not fit"]),
        ("another class", llama().model, ["LlamaForCausalLM"]),
        ("adapted already", peft.get_peft_model(llama(), lora()), ["LlamaForCausalLM"]),
    ):
        before = {key: each.clone() for key, each in base.state_dict().items()}
        is_same = stored.refuses(base, *words) and same(before, base.state_dict())
        report(title, is_same)
    other = llama()
    for each in other.parameters():
        each.data += 1
    before = {key: each.clone() for key, each in other.state_dict().items()}
    is_refused_base = stored.refuses(other, "other values in", "weight")
    report("another base", is_refused_base and same(before, other.state_dict()))
    report("rounded base", stored.load(llama(torch.bfloat16)) is not None)
    base = llama()
    base.lm_head.weight = nn.Parameter(base.lm_head.weight.to("meta"))  # as accelerate does
    report("offloaded base", stored.load(base).active_adapters == ["default"])
    base = llama()
    base.lm_head.qweight = base.lm_head.weight  # as a package that quantizes models
    del base.lm_head.weight
    report("packed base", stored.load(base).active_adapters == ["default"])
    everywhere = lora(target_modules="all-linear", modules_to_save=["lm_head"])
    again = Stored(peft.get_peft_model(llama(), everywhere)).load(llama())
    report("adapted everywhere", again.active_adapters == ["default"])
    old = Stored(model, without=["adapters", "active", "tensors", "base", "weights"])
    report("of an earlier commit", old.load(llama()).active_adapters == ["default"])
    prompts = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    prompted = peft.get_peft_model(llama(), prompts).eval()
    again = Stored(prompted).load(llama()).eval()
    report("prompts", prompted(**WORDS).logits.equal(again(**WORDS).logits))
    model.base_model.disable_adapter_layers()
    report("disabled", is_refused(model, "_disable_adapters", "q_proj"))
    model.base_model.enable_adapter_layers()
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    layer.set_scale("default", 9.0)
    report("scaled", is_refused(model, "scaling", "q_proj"))
    layer.set_scale("default", 1.0)
    model.get_base_model().lm_head.weight.requires_grad_()
    report("trained base", is_refused(model, "lm_head", "trained"))


for part in sys.argv[2:] if __name__ == "__main__" else []:
    globals()[f"of_{part}"]()
