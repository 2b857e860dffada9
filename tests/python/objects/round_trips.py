"""Saves objects of real packages, loads them, and compares tensors and outputs. One line each."""

import dataclasses
import sys
import warnings

import numpy
import torch
from torch import nn

import holdfast

warnings.filterwarnings("ignore")
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
torch.manual_seed(1)


def same(a, b):
    """Whether values are equal, tensor by tensor, with types and dtypes."""
    if isinstance(a, torch.Tensor):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        plain = [x.detach().resolve_conj().contiguous().reshape(-1) for x in (a, b)]
        return a.numel() == 0 or torch.equal(*(each.view(torch.uint8) for each in plain))
    if isinstance(a, dict):
        return [*a] == [*b] and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and isinstance(b, type(a)) and all(map(same, a, b))
    return a == b or a != a and b != b


def report(name, ok):
    print(name, "ok" if ok else "DIFFERS")


def trip(name, value, **options):
    registry.save(name, value)
    return registry.load(name, **options)


@dataclasses.dataclass
class Config:
    width: int = 6
    depth: int = 2


class Net(nn.Module):
    def __init__(self, width=6, depth=2):
        super().__init__()
        self.config = Config(width, depth)
        self.embed = nn.Embedding(10, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, 10, bias=False)
        self.head.weight = self.embed.weight  # one tensor with two names
        self.register_buffer("scale", torch.arange(width, dtype=torch.float64))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = layer(x) * self.scale.to(x.dtype)
        return self.head(self.norm(x))


def of_tensors():
    base = torch.arange(24.0)
    state = {
        "dtypes": {
            str(dtype): torch.arange(8).to(torch.float32).to(dtype)
            for dtype in (
                torch.bfloat16, torch.float16, torch.float64, torch.float8_e4m3fn,
                torch.float8_e5m2, torch.bool, torch.int8, torch.uint16, torch.uint64,
                torch.complex64,
            )
        },
        "packed": [
            torch.arange(8, dtype=torch.uint8).view(2, 4).view(getattr(torch, name))
            for name in ("float8_e8m0fnu", "float4_e2m1fn_x2") if hasattr(torch, name)
        ],
        "views": [base[:5], base[5:], base.view(4, 6).t(), base.view(4, 6)],
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(7),
        "nan": torch.tensor([float("nan"), -0.0, float("inf")]),
        "a.b": torch.ones(1), "a": {"b": torch.zeros(1)},
        "plain": (1, 2.5, float("nan"), float("-inf"), None, True, "text", [], {}, 2**70),
        3: {4: torch.ones(2, requires_grad=True)},
        "conj": torch.tensor([1 + 2j], dtype=torch.complex64).conj(),
    }
    again = trip("tensors", state)
    report("tensors", same(state, again))
    arrays = {
        "reversed": numpy.arange(6.0).reshape(2, 3)[:, ::-1], "scalar": numpy.float32(1.5), "0-d": numpy.array(7),
        "empty": numpy.zeros((0, 2), "i2"), "wide": numpy.broadcast_to(numpy.ones(1), (3,)), "bool": numpy.bool_(True),
    }
    again = trip("arrays", {"tensor": torch.ones(1), **arrays})
    alike = [type(again[key]) is type(each) and again[key].dtype == each.dtype for key, each in arrays.items()]
    report("arrays of NumPy", all(alike) and all(numpy.array_equal(again[key], arrays[key]) for key in arrays))
    report("one tensor", same(torch.eye(3), trip("tensor", torch.eye(3).requires_grad_())))
    shared = torch.ones(2, 2)
    again = trip("shared", {"a": shared, "b": shared, "c": shared.clone()})
    report("shared tensors", again["a"] is again["b"] and again["c"] is not again["a"])
    size = registry.open("shared").file("model.safetensors").size
    report("shared once", size < 16 * 2 + 250)


def of_modules():
    net = Net(4, 3)
    for _ in range(3):
        net(torch.randint(10, (8,)))  # changes the buffers of the norm
    net.eval()
    x = torch.randint(10, (5,))
    report("module by class", same(net(x), trip("net", net, into=Net).eval()(x)))
    other = Net(4, 3).eval()
    report("module by object", registry.load("net", into=other) is other and same(net(x), other(x)))
    report("tied", other.head.weight is other.embed.weight)
    low = Net().to(torch.bfloat16).eval()
    again = trip("low", low, into=Net).eval()
    report("bfloat16", same(low.state_dict(), again.state_dict()) and same(low(x), again(x)))
    report("tied bfloat16", again.head.weight is again.embed.weight)
    report("state dict", same(dict(net.state_dict()), trip("state", net.state_dict())))
    report("state into module", same(net(x), registry.load("state", into=Net(4, 3)).eval()(x)))


def of_training():
    kinds = (torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad, torch.optim.LBFGS)
    for kind in kinds:
        def step(net, optimizer):
            def closure():
                optimizer.zero_grad()
                loss = net(torch.arange(4).float().view(1, 4)).square().sum()
                loss.backward()
                return loss
            optimizer.step(closure)
        net = nn.Linear(4, 2)
        optimizer = kind(net.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
        for _ in range(3):
            step(net, optimizer), schedule.step()
        state = {
            "model": net.state_dict(), "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(), "epoch": 3, "rng": torch.get_rng_state(),
        }
        again = trip("run", state)
        other = nn.Linear(4, 2)
        optimizer2 = kind(other.parameters(), lr=0.1)
        schedule2 = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer2, 10)
        other.load_state_dict(again["model"])
        optimizer2.load_state_dict(again["optimizer"])
        schedule2.load_state_dict(again["schedule"])
        step(net, optimizer), schedule.step(), step(other, optimizer2), schedule2.step()
        report(kind.__name__, same(net.state_dict(), other.state_dict()) and again["epoch"] == 3)
    registry.save("optimizer", optimizer.state_dict())
    report("state into optimizer", registry.load("optimizer", into=optimizer2) is optimizer2)


def of_timm():
    import timm

    for name in (
        "resnet10t", "mobilenetv3_small_050", "vit_tiny_patch16_224", "convnext_atto", "efficientnet_lite0",
        "regnetx_002", "deit_tiny_patch16_224", "ghostnetv2_100", "mixer_s32_224", "resmlp_12_224",
        "edgenext_xx_small", "levit_128s", "poolformer_s12", "xcit_nano_12_p16_224", "tinynet_e",
    ):
        model = timm.create_model(name, num_classes=7).eval()
        again = trip("timm", model, into=timm.create_model).eval()
        x = torch.rand(1, 3, 224, 224)
        with torch.no_grad():
            outputs = same(model(x), again(x))
        report(name, outputs and same(dict(model.state_dict()), dict(again.state_dict())))


def outputs_of(model):
    is_vision = model.main_input_name == "pixel_values"
    inputs = {"pixel_values": torch.ones(1, 3, 224, 224)} if is_vision else model.dummy_inputs
    with torch.no_grad():
        found = model.eval()(**inputs).to_tuple()
    return [each for each in found if isinstance(each, torch.Tensor)]


def of_transformers():
    import transformers as t

    small = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 16, "vocab_size": 30,
    }
    t5 = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "vocab_size": 30}
    bart = {
        "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
        "vocab_size": 60,
    }
    models = [
        (t.BertConfig(**small), t.BertModel), (t.BertConfig(**small), t.BertForMaskedLM),
        (t.RobertaConfig(**small), t.RobertaModel), (t.ElectraConfig(**small), t.ElectraModel),
        (t.DistilBertConfig(vocab_size=30, dim=16, n_layers=1, n_heads=2, hidden_dim=16), t.DistilBertModel),
        (t.GPT2Config(vocab_size=30, n_embd=16, n_layer=1, n_head=2), t.GPT2LMHeadModel),
        (t.LlamaConfig(**small), t.LlamaForCausalLM), (t.MistralConfig(**small, num_key_value_heads=2), t.MistralForCausalLM),
        (t.Qwen2Config(**small, num_key_value_heads=2), t.Qwen2ForCausalLM), (t.GemmaConfig(**small, head_dim=8, num_key_value_heads=2), t.GemmaForCausalLM),
        (t.T5Config(**t5), t.T5ForConditionalGeneration),
        (t.BartConfig(**bart), t.BartForConditionalGeneration),
        (t.ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16), t.ViTModel),
        (t.OPTConfig(hidden_size=16, word_embed_proj_dim=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=16, vocab_size=30), t.OPTForCausalLM),
        (t.GPTNeoXConfig(**small), t.GPTNeoXForCausalLM),
    ]
    for config, kind in models:
        model = kind(config).eval()
        again = trip("hf", model, into=kind)
        state = same(dict(model.state_dict()), dict(again.state_dict()))
        report(kind.__name__, state and same(outputs_of(model), outputs_of(again)))
    report("config", trip("config", config, into=type(config)).to_dict()["vocab_size"] == 30)

    from tokenizers import Tokenizer, models as tokenizer_models, pre_tokenizers

    words = Tokenizer(tokenizer_models.WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = t.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]")
    again = trip("tokenizer", tokenizer, into=t.PreTrainedTokenizerFast)
    report("tokenizer", again("b a c")["input_ids"] == [1, 0, 2])

    import peft

    base = t.LlamaForCausalLM(t.LlamaConfig(**small)).eval()
    state = {key: each.clone() for key, each in base.state_dict().items()}
    adapted = peft.get_peft_model(base, peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    x = torch.tensor([[1, 2, 3]])
    expected = adapted.eval()(x).logits
    registry.save("adapter", adapted)
    fresh = t.LlamaForCausalLM(t.LlamaConfig(**small)).eval()
    fresh.load_state_dict(state)
    report("peft", same(expected, registry.load("adapter", into=fresh).eval()(x).logits))


def of_tables():
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = numpy.random.default_rng(1)
    x, y = rng.normal(size=(80, 4)), rng.integers(2, size=80)
    scale = make_column_transformer((StandardScaler(), [0, 1]), remainder="passthrough")
    for model in (LogisticRegression(), RandomForestClassifier(10), make_pipeline(scale, LogisticRegression())):
        model.fit(x, y)
        trust = ["sklearn.tree._tree.Tree"]
        again = trip("sklearn", model, trust=trust)
        report(type(model).__name__, numpy.array_equal(model.predict_proba(x), again.predict_proba(x)))
    report("sklearn by class", isinstance(registry.load("sklearn", into=type(model)), type(model)))

    import xgboost

    model = xgboost.XGBClassifier(n_estimators=5).fit(x, y)
    again = trip("xgb", model, into=xgboost.XGBClassifier)
    report("XGBClassifier", numpy.array_equal(model.predict_proba(x), again.predict_proba(x)))
    gone = numpy.where(x > numpy.median(x), x, -999)
    given = {"n_estimators": 5, "max_depth": 3, "missing": numpy.float32(-999)}
    model = xgboost.XGBClassifier(**given, callbacks=[]).fit(gone, y)
    again = trip("xgb", model, into=xgboost.XGBClassifier)
    same = numpy.array_equal(model.predict_proba(gone), again.predict_proba(gone))
    report("parameters of XGBClassifier", same and all(again.get_params()[each] == given[each] for each in given))
    booster = model.get_booster()
    again = trip("booster", booster, into=xgboost.Booster)
    report("xgboost.Booster", numpy.array_equal(booster.inplace_predict(x), again.inplace_predict(x)))

    import lightgbm

    booster = lightgbm.train({"verbose": -1, "min_data_in_leaf": 1}, lightgbm.Dataset(x, y), 5)
    report("lightgbm.Booster", numpy.array_equal(booster.predict(x), trip("lgb", booster).predict(x)))

    import catboost

    quiet = {"iterations": 5, "verbose": False, "allow_writing_files": False}
    names = numpy.where(y, "yes", "no")
    for model, target in ((catboost.CatBoostClassifier(**quiet), names), (catboost.CatBoostRegressor(**quiet), x[:, 1])):
        again = trip("catboost", model.fit(x, target), into=type(model))
        report(type(model).__name__, numpy.array_equal(model.predict(x), again.predict(x)))

    import onnx
    from onnx import helper, numpy_helper

    weights = numpy_helper.from_array(numpy.ones((4, 2), "float32"), "w")
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
        [info("x", 1, [None, 4])], [info("y", 1, [None, 2])], [weights],
    )
    model = helper.make_model(graph)
    report("onnx", trip("onnx", model) == model)
    from holdfast.values.objects import libraries

    libraries.Onnx.MOST_BYTES = 10
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(rng.normal(size=(4, 2000)), "w"))
    arrays = [numpy_helper.to_array(each.graph.initializer[0]) for each in (model, trip("onnx", model))]
    report("onnx in two files", numpy.array_equal(*arrays))
    report("its files", [f.path for f in registry.open("onnx").files if "data" in f.path] != [])


for part in sys.argv[3:]:
    globals()[f"of_{part}"]()
