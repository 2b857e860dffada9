"""Stored objects and checkpoints that try to run code, are damaged, or do not fit. Prints results."""

import io
import json
import os
import pathlib
import pickle
import re
import sys
import warnings
import zipfile

import torch
import torch.distributed.checkpoint as dcp
import torch.distributed.checkpoint._extension as extensions
from torch import nn

import holdfast
from holdfast.checkpoint import CheckpointReader, CheckpointWriter
from holdfast.values.objects import estimators
from holdfast.values.objects.objects import serializer_of

warnings.filterwarnings("ignore")
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
ROOT = pathlib.Path(sys.argv[3])
FACTS = "holdfast-object.json"


class Run:
    def __reduce__(self):
        return print, ("RAN CODE",)


def shown(title, call):
    try:
        print(title, call())
    except holdfast.HoldfastError as error:
        print(title, error.code)
    except BaseException as error:  # of PyTorch, they are not Exceptions
        print(title, type(error).__name__)


def stored(serializer, facts, files):
    """Saves what a program without this package could have written."""
    known = {"format": "holdfast-object/1", "serializer": serializer, "class": "os.system", "facts": facts}
    folder = ROOT / f"folder-{len(list(ROOT.iterdir()))}"
    folder.mkdir()
    (folder / FACTS).write_text(json.dumps(known))
    for path, data in files.items():
        (folder / path).write_bytes(data)
    return registry.save("stored", folder).ref


def code():
    import transformers

    class Model(nn.Module):  # as of Ultralytics, whose models unpickle or download a file
        def __init__(self, model=""):
            print("RAN CODE", model)

    Model.__module__, Model.__qualname__ = "ultralytics.engine.model", "Model"
    module = {"state": {"dict": []}, "arguments": {"model": "http://127.0.0.1/x.pt"}}
    shown("class that runs code", lambda: registry.load(stored("torch.module", module, {}), into=Model))
    data = io.BytesIO()
    torch.save({"a": Run()}, data)
    small = transformers.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=9)
    files = {"config.json": small.to_json_string().encode(), "pytorch_model.bin": data.getvalue()}
    shown("pickle", lambda: registry.load(stored("transformers", {}, files), into=transformers.BertModel))
    own = json.dumps({"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}).encode()
    files = {"config.json": own, "own.py": b"print('RAN CODE')"}
    shown("own code", lambda: registry.load(stored("transformers", {}, files), into=transformers.AutoConfig))
    shown("no serializer", lambda: registry.load(stored("builtins.eval", {}, {})))


def elsewhere():
    """Stored names that lead to objects outside the folder, which can be read."""
    import peft
    import tokenizers
    import transformers
    from PIL import Image

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config, kind = transformers.LlamaConfig(vocab_size=9, **sizes), transformers.LlamaForCausalLM

    def refused(title, serializer, known, into, facts={}):
        files = {name: json.dumps(each, default=list).encode() for name, each in known.items()}
        shown(title, lambda: registry.load(stored(serializer, facts, files), into=into))

    outside = ROOT / "outside"
    kind(config).save_pretrained(outside / "model")
    lora = peft.LoraConfig(r=2, target_modules=["q_proj"])
    peft.get_peft_model(kind(config), lora).save_pretrained(outside / "adapter")
    up = "../" * 30 + str(outside)[1:]
    for name in (f"{outside}/adapter", f"{up}/adapter", "..", "a\\..\\b", 3):
        refused("adapter", "peft", {}, kind(config), {"adapters": [name]})
    for name in (f"{outside}/model/model.safetensors", f"{up}/model/model.safetensors"):
        shards = {"metadata": {}, "weight_map": {key: name for key in kind(config).state_dict()}}
        files = {"config.json": config.to_dict(), "model.safetensors.index.json": shards}
        refused("shard", "transformers", files, kind)
    named = {**lora.to_dict(), "base_model_name_or_path": f"{outside}/model"}
    refused("model", "transformers", {"adapter_config.json": named}, kind)
    audio = {"audio_tokenizer_name_or_path": f"{outside}/model"}
    refused("model", "transformers", {"processor_config.json": {"audio_tokenizer": audio}}, kind)
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"secret": 0}, unk_token="secret"))
    words.save(f"{outside}/tokenizer.1.0.json")
    files = {"tokenizer_config.json": {"fast_tokenizer_files": [f"{outside}/tokenizer.1.0.json"]}}
    refused("words", "transformers", files, transformers.PreTrainedTokenizerFast)
    prompts = {"num_tasks": 1, "num_virtual_tokens": 1, "prompt_tuning_init": "ONLY_SOURCE_SHARED"}
    for title, more in (
        ("MULTITASK_PROMPT_TUNING", {**prompts, "prompt_tuning_init_state_dict_path": "/dev/zero"}),
        ("SHADOW", {"shadow_model": f"{outside}/model"}),
        ("XLORA", {"adapters": {"a": f"{outside}/adapter"}}),
    ):
        known = {"peft_type": title, "task_type": "CAUSAL_LM", **more}
        refused(title, "peft", {"adapter_config.json": known}, kind(config))
    for pattern in ("(x|x)*y", "(.*)+!", ".*" * 9 + "!"):
        known = {**lora.to_dict(), "target_modules": pattern}
        refused("pattern", "peft", {"adapter_config.json": known}, kind(config))
        known = {**lora.to_dict(), "rank_pattern": {pattern: 3}}
        refused("pattern", "peft", {"adapter_config.json": known}, kind(config))
    for large in (
        peft.LoraConfig(r=2, target_modules=["q_proj"]),
        peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2),
        peft.VeraConfig(r=2, target_modules=["q_proj"]),
    ):
        adapted = peft.get_peft_model(kind(config), large)
        folder = outside / type(large).__name__
        adapted.save_pretrained(folder)
        files = {each.name: each.read_bytes() for each in folder.iterdir()}
        known = json.loads(files["adapter_config.json"])
        many = {key: 10**9 for key in ("r", "num_virtual_tokens") if known.get(key) == 2}
        files["adapter_config.json"] = json.dumps({**known, **many}).encode()
        shown("large", lambda: registry.load(stored("peft", {}, files), into=kind(config)))
    Image.new("RGB", (2, 2)).save("image.eps")  # which Pillow opens by a program
    files = {"image.png": pathlib.Path("image.eps").read_bytes()}
    shown("image", lambda: registry.load(stored("PIL", {}, files)))


def damaged():
    import catboost
    import lightgbm
    import numpy
    import sklearn.linear_model
    import xgboost

    rows = [
        ("sklearn", "model.skops", None),
        ("xgboost", "model.ubj", xgboost.Booster),
        ("lightgbm", "model.txt", None),
        ("catboost", "model.cbm", catboost.CatBoostClassifier),
        ("onnx", "model.onnx", None),
        ("torch.state", "model.safetensors", None),
        ("torch.module", "model.safetensors", nn.Linear(1, 1)),
    ]
    for name, file, into in rows:
        facts = {"state": {"dict": [["a", {"tensor": "a"}]]}}
        for files in ({file: b"damaged" * 9}, {}):
            shown(name, lambda: registry.load(stored(name, facts, files), into=into))
    registry.save("ridge", sklearn.linear_model.Ridge().fit([[1], [2]], [1, 2]))
    with zipfile.ZipFile(registry.open("ridge").path("model.skops")) as file:
        saved = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile("bomb", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {**saved, "schema.json": saved["schema.json"] + b" " * 2**28}.items():
            file.writestr(name, content)
    files = {"model.skops": pathlib.Path("bomb").read_bytes()}
    shown("bomb", lambda: registry.load(stored("sklearn", {}, files)))
    trained = xgboost.train({}, xgboost.DMatrix(numpy.ones((2, 1)), [1, 2]), 1)
    for key in (b"num_class", b"num_target"):
        before, after = bytes(trained.save_raw("ubj")).split(key + b"SL", 1)
        size = int.from_bytes(after[:8], "big")
        number = (10).to_bytes(8, "big") + b"1000000000"
        files = {"model.ubj": before + key + b"SL" + number + after[8 + size :]}
        shown("classes", lambda: registry.load(stored("xgboost", {}, files), into=xgboost.Booster))
    data = lightgbm.Dataset(numpy.arange(80.0).reshape(80, 1), numpy.arange(80.0))
    text = lightgbm.train({"verbose": -1}, data, 1).model_to_string()
    for pattern, value in (("tree_sizes=.*", "tree_sizes=999999999"), ("num_leaves=.*", "num_leaves=-5")):
        hostile = re.sub(pattern, value, text).encode()
        files = {"model.txt": hostile}
        shown("hostile", lambda: registry.load(stored("lightgbm", {}, files)))
    parse_apart = estimators.parse_apart
    endless = "import time; time.sleep(1e6)"
    estimators.parse_apart = lambda _, path: parse_apart(endless, path, 0.1)
    files = {"model.txt": text.encode()}
    shown("endless", lambda: registry.load(stored("lightgbm", {}, files)))
    try:
        print("left", os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        print("killed")
    for state in ({"dict": [[["x"], 1]]}, {"dict": 5}, {"float": []}, {"tensor": []}):
        shown("state", lambda: registry.load(stored("torch.state", {"state": state}, {})))


def values():
    complex_one = torch.tensor([1 + 2j, 3 - 1j])
    real = {"a": complex_one.imag, "b": complex_one.conj().imag}
    for state in (
        {"a": complex_one, "b": complex_one.conj()},
        real,
        {"__metadata__": torch.ones(1), "": torch.ones(2), "tensor": torch.ones(3)},
        {"\ud800": torch.ones(1), "b": "\ud800"},
        {1: torch.ones(1), "1": torch.ones(2), "a\0": torch.ones(3)},
    ):
        registry.save("values", state)
        again = registry.load("values")
        print(list(again) == list(state), all(
            torch.equal(again[key], each) if isinstance(each, torch.Tensor) else again[key] == each
            for key, each in state.items()
        ))
    ring = [torch.ones(1)]
    ring.append(ring)
    shown("ring", lambda: registry.save("values", ring))
    many = []
    for _ in range(60):
        many = [many, many]  # which has 2 ** 60 paths
    print("many", serializer_of(many))


def unfit():
    net = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(net.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    before = {**scheduler.state_dict()}
    registry.save("net", net)
    registry.save("state", net.state_dict())
    meta = nn.Linear(2, 2, device="meta")
    for into in (meta, optimizer, scheduler, torch.optim.SGD, nn.Linear, 3):
        for name in ("net", "state"):
            shown(name, lambda: registry.load(name, into=into))
    print(scheduler.state_dict() == before)


def checkpoint():
    def load(name):
        state = {"w": torch.zeros(2), "step": None}
        dcp.load(state, storage_reader=CheckpointReader(name, registry), no_dist=True)
        return state["step"]

    writer = CheckpointWriter("ckpt", registry, id="1")
    dcp.save({"w": torch.ones(2), "step": 3}, storage_writer=writer, no_dist=True)
    shown("checkpoint", lambda: load("ckpt"))

    with holdfast.version("ranks", registry) as new:
        new.pipe("__0.metadata", pickle.dumps(Run()))
    shown("of a rank", lambda: load("ranks"))
    shown("of a rank", lambda: CheckpointReader("ranks", registry).read_metadata(rank=0))

    # A value that is plain as it is stored, and not after the transformation that the metadata names.
    class Reversed(extensions.StreamTransformExtension):
        registry_name = staticmethod(lambda: "reversed")
        from_descriptor = classmethod(lambda cls, version: cls())
        get_descriptor = lambda self: "reversed/1"
        transform_to = lambda self, output: output

        def transform_from(self, stream):
            stream.read(-1)
            data = io.BytesIO()
            torch.save(Run(), data)
            return io.BytesIO(data.getvalue())

    files = {file.path: file.read() for file in registry.open("ckpt").files}
    metadata = pickle.loads(files.pop(".metadata"))
    for index, info in metadata.storage_data.items():
        if index.fqn == "step":
            info.transform_descriptors = ["reversed"]
    with holdfast.version("transformed", registry) as new:
        new.pipe(".metadata", pickle.dumps(metadata))
        for path, data in files.items():
            new.pipe(path, data)
    extensions.ExtensionRegistry.__init__.__globals__["ZStandard"] = Reversed
    shown("transformed", lambda: load("transformed"))

    [path] = files
    plain, packed = io.BytesIO(), io.BytesIO()
    torch.save(torch.ones(2), plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    for title, data in ("stored", plain.getvalue()), ("compressed", packed.getvalue()):
        for index, info in metadata.storage_data.items():
            info.transform_descriptors = None
            if index.fqn == "w":
                info.offset, info.length = len(files[path]), len(data)
        with holdfast.version(title, registry) as new:
            new.pipe(".metadata", pickle.dumps(metadata))
            new.pipe(path, files[path] + data)
        shown(title, lambda: load(title))

    for data in (b"", pickle.dumps("text"), pickle.dumps(pathlib.Path("x")), b"cpathlib\nos\n."):
        with holdfast.version("damaged", registry) as new:
            new.pipe(".metadata", data)
        shown("damaged", lambda: CheckpointReader("damaged", registry).read_metadata())


def failing():
    import resource
    import signal

    import onnx
    import peft
    import sklearn.linear_model
    import transformers
    import xgboost
    from onnx import helper, numpy_helper

    def small(size, **options):
        return transformers.LlamaConfig(
            hidden_size=size, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9, **options
        )

    shown("untrained", lambda: registry.save("a", xgboost.XGBClassifier()))
    shown("nested", lambda: registry.save("a", torch.nested.nested_tensor([torch.ones(1), torch.ones(2)])))
    model = transformers.LlamaForCausalLM(small(8))
    model.generation_config.temperature = 0.5  # without do_sample
    shown("generation_config", lambda: registry.save("a", model))
    adapted = peft.get_peft_model(
        transformers.LlamaForCausalLM(small(8)), peft.LoraConfig(r=2, target_modules=["q_proj"])
    )
    registry.save("adapter", adapted)
    shown("another base", lambda: registry.load("adapter", into=transformers.LlamaForCausalLM(small(16))))
    shown("another base", lambda: registry.load("adapter", into=nn.Linear(1, 1)))
    files = {"config.json": small(8).to_json_string().encode(), "model.safetensors": b"damaged" * 9}
    for kind in (transformers.LlamaForCausalLM, transformers.AutoModel):
        shown("damaged", lambda: registry.load(stored("transformers", {}, files), into=kind))
    del files["model.safetensors"]
    shown("absent", lambda: registry.load(stored("transformers", {}, files), into=transformers.LlamaModel))
    for kind in (sklearn.linear_model.Ridge, dict, int, print, nn.Linear, object()):
        for name in ("adapter", stored("transformers", {}, files), stored("xgboost", {}, {"model.ubj": b"{}"})):
            shown("another class", lambda: registry.load(name, into=kind))
    tensor = numpy_helper.from_array(torch.ones(4000).numpy(), "w")
    outside = onnx.TensorProto(name="w", dims=[4000], data_type=1, data_location=1)
    outside.external_data.add(key="location", value="gone")
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [], [outside])
    files = {"model.onnx": helper.make_model(graph).SerializeToString()}
    shown("without data", lambda: registry.load(stored("onnx", {}, files)))
    again = onnx.TensorProto(name="again", dims=[4000], data_type=1, data_location=1)
    for each in (outside, again):
        del each.external_data[:]
        each.external_data.add(key="location", value="model.onnx.data")
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [], [outside, again])
    files = {"model.onnx": helper.make_model(graph).SerializeToString(), "model.onnx.data": bytes(16000)}
    shown("data read twice", lambda: registry.load(stored("onnx", {}, files)))
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [], [tensor])
    big = helper.make_model(graph)
    fitted = sklearn.linear_model.LinearRegression().fit(torch.ones(4, 4000).numpy(), [1] * 4)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))  # as if the disk were full
    for value in (torch.ones(4000), nn.Linear(64, 64), fitted, big, adapted):
        shown("full", lambda: registry.save("full", value))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


globals()[sys.argv[4]]()
