"""Changes each argument that changes no shape, once: the object comes back equal, or is refused.

Prints a line for each package with the counts, and one for each argument that is lost.
"""

import copy
import functools
import inspect
import re
import sys

import torch
from holdfast.core.errors import HoldfastError
from proofs import Stored, same
from torch import nn

OTHER = {
    "relu": "gelu",
    "gelu": "relu",
    "silu": "gelu",
    "zeros": "reflect",
    "mean": "sum",
    "nearest": "bilinear",
    "avg": "max",
    "token": "avg",
    "right": "left",
    "none": "all",
    "tanh": "none",
    "swish": "relu",
}
counts = {"equal": 0, "refused": 0, "lost": 0}


def changed(value):
    """Returns another value of the type of an argument; None if there is none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value / 2 + 0.05 if isinstance(value, float) else value + 1
    return OTHER.get(value) if isinstance(value, str) else None


def plain(model):
    """Returns the plain attributes of all modules in a model."""
    kinds = (bool, int, float, str, tuple, type(None))
    return {
        name: {
            key: value
            for key, value in [("class", type(each).__name__), *vars(each).items()]
            if isinstance(value, kinds) and key != "_is_full_backward_hook"
        }
        for name, each in model.named_modules()
    }


def outputs(model, inputs):
    """Returns what a copy of a model computes, for predictions and in training."""
    model, found = copy.deepcopy(model), []
    for is_training in (False, True):
        torch.manual_seed(3)
        with torch.no_grad():
            found.append(model.train(is_training)(**inputs))
    plain = [each if isinstance(each, torch.Tensor) else each[0] for each in found]
    return [
        getattr(each, "logits", one) for each, one in zip(found, plain, strict=True)
    ]


def is_equal(model, again, inputs=None):
    """Whether models have the same state, and the same outputs or plain attributes."""
    if not same(model.state_dict(), again.state_dict()):
        return False
    if inputs is None:
        return plain(model) == plain(again)
    return all(map(torch.equal, outputs(model, inputs), outputs(again, inputs)))


def count(title, value, into, judge, trust=False):
    """Saves a value, loads it, and counts whether it is equal, refused, or another."""
    try:
        stored = Stored(value)
        again = stored.load(into, unknown_types(stored) if trust and into is None else trust)
    except HoldfastError as error:
        counts["refused"] += 1
        if "-v" in sys.argv:
            print("refused", title, error.message)
        return
    is_same = judge(again)
    counts["equal" if is_same else "lost"] += 1
    if not is_same:
        print("lost", title)


def unknown_types(stored):
    """Returns the types that the hint of a refused load names, for a person who trusts them."""
    from skops.io import get_untrusted_types

    paths = stored.folder.glob("*.skops")
    return [name for path in paths for name in get_untrusted_types(file=path)]


def attempt(make):
    """Returns a new object, or None if its arguments are refused by its package."""
    torch.manual_seed(1)
    try:
        return make()
    except Exception:  # noqa: BLE001
        return None


def told(package):
    print(package, *(f"{value} {key}" for key, value in counts.items()))
    counts.update(dict.fromkeys(counts, 0))


NEEDED = {
    "in_features": 4,
    "out_features": 4,
    "in_channels": 4,
    "out_channels": 4,
    "kernel_size": 3,
    "num_features": 4,
    "normalized_shape": 4,
    "num_groups": 2,
    "num_channels": 4,
    "d_model": 4,
    "nhead": 2,
    "embed_dim": 4,
    "num_heads": 2,
    "num_embeddings": 5,
    "embedding_dim": 4,
    "input_size": 4,
    "hidden_size": 4,
    "size": 3,
    "lambd": 0.4,
    "output_size": 3,
    "padding": 1,
    "in1_features": 3,
    "in2_features": 3,
    "upscale_factor": 2,
    "downscale_factor": 2,
    "p": 0.3,
    "threshold": 0.1,
    "value": 2.0,
    "groups": 2,
    "normalized_size": 4,
}
RECURRENT = {
    "args": (4, 4),
    "options": ["bias", "batch_first", "dropout", "num_layers"],
}


def of_torch():
    kinds = {each for each in vars(nn).values() if inspect.isclass(each)}
    for kind in sorted(kinds, key=lambda each: each.__name__):
        if not issubclass(kind, nn.Module) or kind.__module__.endswith("loss"):
            continue
        arguments = inspect.signature(kind.__init__).parameters
        needed = {key: NEEDED[key] for key in arguments if key in NEEDED}
        whole = attempt(lambda: kind(**needed))  # noqa: B023
        if whole is None or "Lazy" in kind.__name__ or kind is nn.PairwiseDistance:
            continue
        for key, argument in arguments.items():
            value = changed(argument.default)
            model = attempt(lambda: kind(**{**needed, key: value}))  # noqa: B023
            if value is None or model is None or not is_like(model, whole):
                continue
            title = f"{kind.__name__} {key}={value}"
            for into in (kind, kind(**needed)):
                count(title, model, into, lambda again: is_equal(model, again))  # noqa: B023
            counts_equal(title, model, kind(**{**needed, key: value}))
    told("torch")


def counts_equal(title, model, into, inputs=None):
    before = counts["equal"]
    count(title, model, into, lambda again: is_equal(model, again, inputs))
    if counts["equal"] == before:
        print("lost", title, "though its arguments are the same")


def is_like(model, other):
    shapes = [
        {key: x.shape for key, x in each.state_dict().items()}
        for each in (model, other)
    ]
    return shapes[0] == shapes[1]


def of_timm():
    import timm

    for name in (
        "test_resnet",
        "test_vit",
        "test_efficientnet",
        "test_convnext",
    ):
        whole = timm.create_model(name, num_classes=7)
        size = whole.pretrained_cfg["input_size"][-1]
        x = {"x": torch.rand(2, 3, size, size)}
        kinds = [each for each in type(whole).__mro__ if each is not nn.Module]
        arguments = {**inspect.signature(kinds[0].__init__).parameters}
        for key, argument in arguments.items():
            options = [changed(argument.default)]
            if "layer" in key:
                options = [nn.SiLU] if "act" in key else []
            for value in options:
                made = lambda: timm.create_model(name, num_classes=7, **{key: value})  # noqa: B023
                model = attempt(made)
                if value is None or model is None or not is_like(model, whole):
                    continue
                if attempt(lambda: outputs(model, x)) is None:  # noqa: B023
                    continue
                title = f"{name} {key}={value}"
                for into in (timm.create_model, timm.create_model(name, num_classes=7)):
                    count(title, model, into, lambda again: is_equal(model, again, x))  # noqa: B023
                counts_equal(title, model, made(), x)
    told("timm")


SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 30,
    "n_embd": 16,
    "n_layer": 1,
    "n_head": 2,
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 16,
    "num_layers": 1,
    "num_heads": 2,
    "image_size": 32,
    "num_key_value_heads": 2,
    "num_local_experts": 2,
    "head_dim": 8,
}


def of_transformers():
    import transformers as t

    words = {"input_ids": torch.tensor([[1, 2, 3, 4]])}
    picture = {"pixel_values": torch.rand(1, 3, 32, 32)}
    for kind, inputs in (
        (t.LlamaForCausalLM, words),
        (t.BertForMaskedLM, words),
        (t.GPT2LMHeadModel, words),
        (t.MixtralForCausalLM, words),
        (t.ViTModel, picture),
        (
            t.T5ForConditionalGeneration,
            {**words, "decoder_input_ids": words["input_ids"]},
        ),
    ):
        config = kind.config_class
        defaults = {**vars(config()), **config().to_dict()}
        sizes = {
            key: SIZES[key]
            for key in SIZES
            if key in defaults or key in config.attribute_map
        }
        whole = kind(config(**sizes))
        for key, default in defaults.items():
            value = changed(sizes.get(key, default))
            if (
                value is None
                or key[0] == "_"
                or key in ("model_type", "transformers_version")
            ):
                continue
            model = attempt(lambda: kind(config(**{**sizes, key: value})))  # noqa: B023
            if model is None or not is_like(model, whole):
                continue
            if attempt(lambda: outputs(model, inputs)) is None:  # noqa: B023
                continue

            def judge(again):
                has = getattr(again.config, key) == getattr(model.config, key)  # noqa: B023
                return has and is_equal(model, again, inputs)  # noqa: B023

            count(f"{kind.__name__} {key}={value}", model, kind, judge)
    told("transformers")


def of_peft():
    import peft
    import transformers as t

    words = {"input_ids": torch.tensor([[1, 2, 3, 4]])}
    small = {key: SIZES[key] for key in list(SIZES)[:5]}

    def base():
        torch.manual_seed(2)
        return t.LlamaForCausalLM(t.LlamaConfig(**small, attention_bias=True))

    lora = {"target_modules": ["q_proj", "v_proj"], "r": 2, "init_lora_weights": False}
    more = {
        "init_lora_weights": ["gaussian", "pissa", "olora", "orthogonal", True],
        "bias": ["all", "lora_only"],
        "modules_to_save": [["lm_head"], ["lm_head", "norm"]],
        "task_type": ["CAUSAL_LM"],
        "rank_pattern": [{"q_proj": 3}],
        "alpha_pattern": [{"q_proj": 3}],
        "layers_to_transform": [[1]],
        "target_modules": ["all-linear", ["q_proj"], ["embed_tokens"]],
        "exclude_modules": [["v_proj"]],
        "trainable_token_indices": [[1, 2]],
        "target_parameters": [],
    }
    rows = []
    for key, argument in inspect.signature(peft.LoraConfig).parameters.items():
        value = changed(argument.default)
        for each in more.get(key, [] if value is None else [value]):
            rows.append((f"lora {key}={each}", peft.LoraConfig, {**lora, key: each}))
    rows += [
        (
            "ia3",
            peft.IA3Config,
            {"target_modules": ["k_proj"], "feedforward_modules": []},
        ),
        (
            "prompts",
            peft.PromptTuningConfig,
            {"num_virtual_tokens": 3, "task_type": "CAUSAL_LM"},
        ),
        (
            "prefix",
            peft.PrefixTuningConfig,
            {"num_virtual_tokens": 3, "task_type": "CAUSAL_LM"},
        ),
        ("vera", peft.VeraConfig, {"target_modules": ["q_proj"], "r": 2}),
        ("loha", peft.LoHaConfig, {"target_modules": ["q_proj"], "r": 2}),
        ("boft", peft.BOFTConfig, {"target_modules": ["q_proj"], "boft_block_size": 2}),
    ]
    for title, kind, options in rows:
        model = attempt(lambda: peft.get_peft_model(base(), kind(**options)))  # noqa: B023
        if model is None:
            continue
        for name, each in model.named_parameters():
            if each.requires_grad and each.is_floating_point():
                each.data += torch.rand_like(each) / 10  # as training would
        if attempt(lambda: outputs(model, words)) is None:  # noqa: B023
            continue
        model.eval()

        def judge(again):
            with torch.no_grad():
                found = [each.eval()(**words).logits for each in (model, again)]  # noqa: B023
            return torch.equal(*found)

        count(title, model, base(), judge)
    told("peft")


SEEDS = {"random_state", "seed"}


def params_of(model):
    """Returns the arguments of an estimator as text, and what it was told of its rows."""
    return {key: repr(value) for key, value in model.get_params().items()}


def of_estimators(title, made):
    """Changes each argument of estimators, fits them again, and compares what they predict."""
    rows = torch.rand(60, 4).numpy()
    target = (rows[:, 0] * 3).astype("int64")
    for kind, given in made:
        fit = functools.partial(fitted, kind, rows, target)
        for name, value in kind(**given).get_params(deep=False).items():
            other = changed(value)
            if name in SEEDS or name == "verbose":  # which prints
                other = 7 if name in SEEDS else None
            if other is None or (model := attempt(lambda: fit({**given, name: other}))) is None:
                continue

            def judge(again, model=model):
                same_params = params_of(again) == params_of(model)
                return same_params and bool((results(model, rows) == results(again, rows)).all())

            into = None if kind.__module__.startswith("sklearn.") else kind
            count(f"{kind.__name__} {name}={other!r}", model, into, judge, trust=True)
    told(title)


def fitted(kind, rows, target, given):
    return kind(**given).fit(rows, target)


def results(model, rows):
    return model.predict(rows) if hasattr(model, "predict") else model.transform(rows)


def of_sklearn():
    from sklearn import decomposition, ensemble, linear_model, neighbors, preprocessing, svm, tree

    few = {"n_estimators": 3, "random_state": 1}
    of_estimators(
        "sklearn",
        [
            (linear_model.LogisticRegression, {}),
            (linear_model.Ridge, {}),
            (linear_model.SGDClassifier, {"random_state": 1}),
            (ensemble.RandomForestClassifier, few),
            (ensemble.GradientBoostingRegressor, few),
            (ensemble.HistGradientBoostingClassifier, {"max_iter": 3}),
            (tree.DecisionTreeClassifier, {"random_state": 1}),
            (neighbors.KNeighborsClassifier, {}),
            (svm.SVC, {}),
            (decomposition.PCA, {}),
            (preprocessing.StandardScaler, {}),
        ],
    )


def of_xgboost():
    import xgboost

    few = {"n_estimators": 3}
    of_estimators(
        "xgboost",
        [
            (xgboost.XGBClassifier, {**few, "max_depth": 2, "learning_rate": 0.3, "subsample": 0.8}),
            (xgboost.XGBRegressor, {**few, "gamma": 0.1, "reg_lambda": 1.0}),
        ],
    )


def of_keras():
    import keras

    more = {"filters": 4, "units": 4, "target_shape": (4, 1), "dims": (1,), "n": 2}
    more |= {"pool_size": 2, "num_bins": 4, "input_dim": 5, "output_dim": 4, "rank": 2}
    more |= {"num_tokens": 4, "key_dim": 2, "seed": 3, "stddev": 0.1, "rate": 0.3}
    shapes = [(4,), (8, 4), (8, 8, 4), (8, 8, 8, 4)]

    def made(kind, options, shape):
        dtype = "int32" if kind is keras.layers.Embedding else None
        layers = [keras.Input(shape, dtype=dtype), kind(name="own", **options)]
        model = keras.Sequential(layers, name="a")
        model(keras.ops.ones((2, *shape), dtype or "float32"))
        return model

    def found(model, shape):
        result = model(keras.ops.ones((2, *shape)) * 0.3, training=False)
        return [keras.ops.convert_to_numpy(each).tobytes() for each in keras.tree.flatten(result)]

    kinds = {each for each in vars(keras.layers).values() if inspect.isclass(each)}
    for kind in sorted(kinds, key=lambda each: each.__name__):
        if not issubclass(kind, keras.layers.Layer) or kind is keras.layers.Lambda:
            continue
        arguments = inspect.signature(kind.__init__).parameters
        needed = {key: value for key, value in {**NEEDED, **more}.items() if key in arguments}
        tries = ((attempt(lambda: made(kind, needed, each)), each) for each in shapes)  # noqa: B023
        whole, shape = next((pair for pair in tries if pair[0] is not None), (None, ()))
        if whole is None:
            continue
        own = {"trainable": True, **{key: each.default for key, each in arguments.items()}}
        for key, default in own.items():
            value = changed(needed.get(key, default))
            model = attempt(lambda: made(kind, {**needed, key: value}, shape))  # noqa: B023
            same_sizes = model is not None and [x.shape for x in model.weights] == [
                x.shape for x in whole.weights
            ]
            if value is None or not same_sizes or attempt(lambda: found(model, shape)) is None:  # noqa: B023
                continue

            def judge(again):
                texts = [re.sub('"shared_object_id": [0-9]+', "", x.to_json()) for x in (again, model)]  # noqa: B023
                return texts[0] == texts[1] and found(again, shape) == found(model, shape)  # noqa: B023

            count(f"{kind.__name__} {key}={value}", model, None, judge)
    told("keras")


for part in sys.argv[2:]:
    if part != "-v":
        globals()[f"of_{part}"]()
