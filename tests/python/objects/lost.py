"""Packages that lose a part of an object when they save it: the save is refused.

Prints lines that end with `ok`, or say what is wrong.
"""

import contextlib
import json
import sys
import warnings
from unittest import mock

import holdfast
import numpy

warnings.filterwarnings("ignore")
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
rng = numpy.random.default_rng(1)
x, y = rng.normal(size=(80, 4)), rng.integers(2, size=80)


def refused(title, value, *words, code="Unsupported"):
    """Reports whether a value is not saved, for a reason that has these words."""
    try:
        print(title, "WRONG: saved as", registry.save("a", value))
    except holdfast.HoldfastError as error:
        ok = error.code == code and all(word in error.message for word in words)
        print(title, "ok" if ok else f"WRONG: {error.code} {error.message}")


@contextlib.contextmanager
def saved(kind, method, then):
    """A package whose `method` calls `then` with its object and path after it wrote."""
    write = getattr(kind, method)

    def write_more(self, path, *args, **options):
        write(self, path, *args, **options)
        then(self, path)

    with mock.patch.object(kind, method, write_more):
        yield


def instead(kind, method, other):
    """A package that writes another object."""
    write = getattr(kind, method)

    def write_other(_, path, *args, **options):
        write(other, path, *args, **options)

    return mock.patch.object(kind, method, write_other)


def edited(name, **members):
    """Changes members of a JSON file."""

    def edit(_, folder):
        known = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**known, **members}))

    return edit


def llama(kind=None, layers=1):
    import transformers

    config = transformers.LlamaConfig(
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=16,
        vocab_size=30,
    )
    return (kind or transformers.LlamaForCausalLM)(config)


def of_transformers():
    import torch
    import transformers as t
    from safetensors.torch import load_file, save_file
    from tokenizers import Tokenizer, models

    def changed(model, _):
        model.lm_head.weight.data.fill_(7)

    def converted(_, folder):
        file = folder / "model.safetensors"
        state = {key: each.bfloat16() for key, each in load_file(file).items()}
        save_file(state, file, {"format": "pt"})

    class Forgets(t.LlamaForCausalLM):
        _keys_to_ignore_on_save = ("more",)

    model = llama()
    with saved(t.LlamaForCausalLM, "save_pretrained", edited("config.json", sep=9)):
        refused("config", model, "`config.sep` is None, and 9 after")
    for each in ([9], {"a": 9}):
        with saved(t.LlamaForCausalLM, "save_pretrained", edited("config.json", sep=each)):
            refused("config", model, f"`config.sep` is None, and {each} after")
    odd = edited("generation_config.json", top_k=9)
    with saved(t.LlamaForCausalLM, "save_pretrained", odd):
        refused("generation config", model, "`generation_config.top_k`", "and 9 after")
    with saved(t.LlamaForCausalLM, "save_pretrained", converted):
        words = ["is torch.float32, and torch.bfloat16 after"]
        refused("dtype", model, "model.embed_tokens.weight", *words)
    with saved(t.LlamaForCausalLM, "save_pretrained", changed):
        refused("value", model, "lm_head.weight", code="Conflict")
    model = llama(Forgets)
    model.register_buffer("more", torch.ones(1))
    refused("key", model, 'lose "more"')
    config = t.LlamaConfig()
    with saved(t.LlamaConfig, "save_pretrained", edited("config.json", sep=9)):
        refused("config alone", config, "`LlamaConfig.sep`")
    words = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="b"))
    kind = t.PreTrainedTokenizerFast
    tokenizer = kind(tokenizer_object=words, unk_token="b")
    renumbered = {"type": "WordLevel", "vocab": {"a": 0, "b": 2}, "unk_token": "b"}
    with saved(kind, "save_pretrained", edited("tokenizer.json", model=renumbered)):
        refused("words", tokenizer, "words")
    with saved(kind, "save_pretrained", edited("tokenizer_config.json", unk_token="a")):
        refused("special tokens", tokenizer, "special_tokens")

    class Images(t.ProcessorMixin):
        def __init__(self, image_processor, chat_template=None):
            super().__init__(image_processor, chat_template=chat_template)

    def rewritten(_, folder):
        (folder / "chat_template.jinja").write_text("y")

    with saved(t.ProcessorMixin, "save_pretrained", rewritten):
        refused("template", Images(t.CLIPImageProcessor(), "x"), "`Images.chat_template` is 'x'")

    class Adds(t.LlamaForCausalLM):
        _keys_to_ignore_on_load_missing = ("more",)

        def __init__(self, config):
            super().__init__(config)
            self.register_buffer("more", torch.ones(1))

    model = llama(Adds)
    del model.more
    refused("a new key", model, 'add "more"')


def of_peft():
    import peft
    import torch

    def changed(model, _):
        for name, each in model.named_parameters():
            if "lora_B" in name:
                each.data = torch.ones_like(each)

    def lora():
        return peft.LoraConfig(r=2, target_modules=["q_proj"])

    def adapted():
        return peft.get_peft_model(llama(), lora())

    odd = edited("adapter_config.json", lora_alpha=9)
    with saved(peft.PeftModel, "save_pretrained", odd):
        refused("config", adapted(), "`default.lora_alpha` is 8, and 9 after")
    with saved(peft.PeftModel, "save_pretrained", changed):
        refused("value", adapted().requires_grad_(False), "lora_B", code="Conflict")
    model = peft.PeftModelForCausalLM(llama(), lora())  # its config has no task
    refused("class", model, "it would be a PeftModel after")
    registry.save("adapter", peft.get_peft_model(llama(layers=2), lora()))
    try:
        registry.load("adapter", into=llama(layers=1))
        print("names WRONG")
    except holdfast.HoldfastError as error:
        print("names", "ok" if "layers.1" in error.message else error.message)
    registry.delete("adapter", all_versions=True)


def of_sklearn():
    from scipy.sparse import csr_array
    from sklearn import linear_model, preprocessing
    from sklearn.base import BaseEstimator
    from sklearn.dummy import DummyClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.kernel_approximation import SkewedChi2Sampler
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KernelDensity
    from sklearn.svm import LinearSVC

    def lossy(kind, change):
        """Returns a class that saves the members that `change` makes of its own."""

        def state(self):
            own = dict(vars(self))
            changed = change(own)
            return {**own, **changed}

        members = {"__getstate__": state, "__module__": __name__}
        globals()["Lossy"] = made = type("Lossy", (kind,), members)
        return made

    def doubled(kind, *names):
        def change(own):
            return {name: own[name] * 2 for name in names}

        return lossy(kind, change)().fit(numpy.abs(x), y)

    ridge = linear_model.Ridge
    words = "`alpha` would be 2.0 after a load, not 1.0"
    refused("parameter", doubled(ridge, "alpha"), words)
    names = {"__module__": ridge.__module__, "__qualname__": "Ridge"}
    reloaded = type("Ridge", (ridge,), names)  # a second class with the name of another
    refused("class", reloaded().fit(x, y), "it would be a Ridge after")
    for method, kind, *names in (
        ("predict", ridge, "coef_"),
        ("transform", preprocessing.StandardScaler, "mean_"),
        ("transform", SimpleImputer, "statistics_"),  # only of missing values
        ("predict_proba", GaussianNB, "var_"),
        ("transform", SkewedChi2Sampler, "random_weights_"),  # of no negative values
        ("decision_function", LinearSVC, "coef_", "intercept_"),
        ("score_samples", KernelDensity, "bandwidth_"),
    ):
        title = f"results of {kind.__name__}"
        refused(title, doubled(kind, *names), f"`{method}` would differ")

    def own(predict, before, after, features=4):
        """Returns an estimator with another `value_` after a load."""
        kind = type("Own", (BaseEstimator,), {"predict": predict})
        made = lossy(kind, lambda _: {"value_": after})()
        made.value_, made.n_features_in_ = before, features
        return made

    def floor(self, rows):
        if numpy.isnan(rows).any():
            raise ValueError("missing values")
        return numpy.floor(rows + self.value_)

    def takes(self, rows):
        if not self.value_:
            raise ValueError("takes nothing")
        return rows

    words = "`predict` would differ"
    refused("results of parts of numbers", own(floor, 0, 0.25), words)
    refused("results of rows that it does not take", own(takes, 0, 2.0), words)
    refused("no results", own(takes, 2.0, 0), words)
    refused("their dtype", own(lambda self, rows: numpy.ones(2, self.value_), "f4", "f8"), words)
    refused("their shape", own(lambda self, _: numpy.ones(self.value_), (2, 1), (2,)), words)
    counts = DummyClassifier(strategy="most_frequent").fit(x, y + 10**9)
    one_more = lossy(DummyClassifier, lambda own: {"classes_": own["classes_"] + 1})
    refused("large whole numbers", one_more(strategy="most_frequent").fit(x, y + 10**9), words)
    registry.save("equal", counts)
    registry.save("equal", DummyClassifier(strategy="stratified").fit(x, y))  # its results are random
    registry.save("equal", own(floor, 0, 1, features=None))
    registry.save("equal", own(lambda self, rows: rows * self.value_, 1, 1 + 1e-12))  # rounded

    def warns(self, rows):
        warnings.warn("odd", stacklevel=1)
        return rows

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        registry.save("equal", own(warns, 0, 0))
    print("no warnings", "ok" if "odd" not in [str(each.message) for each in found] else "WRONG")

    class Open(BaseEstimator):
        def get_params(self, deep=True):
            return dict(vars(self))

    made = lossy(Open, lambda own: {"more": own.pop("less")})()
    made.less = 1
    refused("a parameter that is lost", made, "`less` would be None after a load, not 1")
    refused("a new parameter", lossy(Open, lambda _: {"more": 1})(), "`more` would be 1 after")

    class Holder(BaseEstimator):
        def __init__(self, value=None):
            self.value = value

    sparse = csr_array(numpy.eye(2))
    for title, own, other in (
        ("shorter list", [1, 2], [1]),
        ("more keys", {"a": 1}, {"a": 1, "b": 2}),
        ("other keys", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ("shape", numpy.ones((1, 2)), numpy.ones(2)),
        ("dtype", numpy.zeros(2, "f4"), numpy.zeros(2, "i4")),
        ("bits", numpy.zeros(2), -numpy.zeros(2)),
        ("objects", numpy.array([1, "a"], object), numpy.array([1, "b"], object)),
        ("inner estimator", ridge(1), ridge(2)),
        ("inner class", preprocessing.LabelEncoder(), preprocessing.KernelCenterer()),
        ("sparse array", sparse, 2 * sparse),
        ("generator", numpy.random.RandomState(1), numpy.random.RandomState(2)),
    ):
        made = lossy(Holder, lambda _, other=other: {"value": other})
        refused(title, made(own), "`value` would be")
        registry.save("equal", made(other))
    registry.delete("equal", all_versions=True)


def of_xgboost():
    import xgboost

    def trained(target=y, **options):
        model = xgboost.XGBRegressor(n_estimators=3, **options)
        return model.fit(x, target)

    def booster(target=y, rows=x, kind="gbtree", **members):
        own = xgboost.train({"booster": kind}, xgboost.DMatrix(rows, target), 3)
        for key, each in members.items():
            setattr(own, key, each)
        return own

    def saves(other):
        return instead(xgboost.Booster, "save_model", other)

    callback = xgboost.callback.LearningRateScheduler(lambda _: 0.1)
    refused("parameter", trained(callbacks=[callback]), "`callbacks` would be None")
    model, own = trained(), booster()
    with saves(booster(1 - y)):
        refused("booster", own, "`inplace_predict` would differ")
        refused("results", model, "`predict` would differ")
    own.set_attr(note="text")
    with saves(booster()):
        refused("attributes", own, "`attributes` would differ")
    model.get_booster().set_attr(note="text")
    with saves(booster()):
        refused("attributes of its booster", model, "`attributes` would differ")
    own = booster(feature_names=list("abcd"), feature_types=["float"] * 4)
    with saves(booster(feature_types=own.feature_types)):
        refused("names", own, "`feature_names` would differ")
    with saves(booster(feature_names=own.feature_names)):
        refused("types", own, "`feature_types` would differ")
    own = booster(kind="gblinear")  # its results cannot be compared
    with saves(booster(rows=x[:, :3], kind="gblinear")):
        refused("features", own, "`num_features` would differ")


def of_catboost():
    import catboost

    kind = catboost.CatBoostClassifier
    words = numpy.where(x > 0, "up", "down").astype(object)

    def trained(target=y, rows=words, names=None, trees=3):
        options = {"cat_features": [*range(4)]} if rows is words else {}
        quiet = {"verbose": False, "allow_writing_files": False}
        model = kind(iterations=trees, **quiet, **options)
        return model.fit(catboost.Pool(rows, target, feature_names=names, **options))

    scaled = trained()
    scaled.set_scale_and_bias(2, [1])
    others = {
        "classes_": trained(numpy.where(y, "yes", "no")),
        "feature_names_": trained(names=list("abcd")),
        "tree_count_": trained(trees=2),
        "get_scale_and_bias": scaled,
    }
    for name, other in others.items():
        with instead(kind, "save_model", other):
            refused(name, trained(), f"`{name}` would differ")
    with instead(kind, "save_model", trained(1 - y, x)):
        refused("results", trained(y, x), "`predict_proba` would differ")


def of_lightgbm():
    import lightgbm

    def trained(target=y, names="auto"):
        data = lightgbm.Dataset(x, target, feature_name=names)
        return lightgbm.train({"verbose": -1}, data, 3)

    model = trained()
    with instead(lightgbm.Booster, "save_model", trained(names=list("abcd"))):
        refused("names", model, "`feature_name` would differ")
    with instead(lightgbm.Booster, "save_model", trained(1 - y)):
        refused("results", model, "`predict` would differ")


def of_onnx():
    import onnx
    from holdfast.values.objects.libraries import Onnx

    floats = onnx.helper.make_node("Scale", ["x"], ["y"], by=float("nan"))
    graph = onnx.helper.make_graph([floats], "a", [], [])
    print("NaN", "ok" if registry.save("nan", onnx.helper.make_model(graph)).version else "")
    registry.delete("nan", all_versions=True)
    newer = onnx.ModelProto(ir_version=8, producer_name="a").SerializeToString()
    model = onnx.ModelProto.FromString(newer + b"\xfa\x3f\x01x")  # of a later release
    with mock.patch.object(Onnx, "MOST_BYTES", 0):  # as a large model
        refused("a field of a later release", model, "it would differ")


def of_keras():
    import keras

    def model(*layers):
        keras.utils.set_random_seed(1)
        made = keras.Sequential([keras.Input((4,), name="in"), *layers], name="a")
        made.compile(keras.optimizers.Adam(name="adam"), "mse")
        return made

    def dense(**options):
        return keras.layers.Dense(4, name="dense", **options)

    def saves(other):
        return instead(keras.Model, "save", other)

    class Odd(keras.layers.Layer):
        kinds = [*4 * ["float16"], "float32"]  # noqa: RUF012

        def build(self, shape):
            self.weight = self.add_weight(shape=(1,), dtype=self.kinds.pop())

        def call(self, rows):
            return rows

    def forgets(call, factor):
        """Returns a layer that is loaded with the factor 1."""

        class Forgets(keras.layers.Layer):
            def __init__(self, **options):
                super().__init__(**options)
                self.factor, self.seeds = 1.0, keras.random.SeedGenerator(1)

            def call(self, rows):
                return call(self, rows)

        made = Forgets()
        made.factor = factor
        return made

    own = model(dense())
    inputs = keras.Input((4,))
    with saves(keras.Model(inputs, dense()(inputs))):
        refused("class", own, "it would be a Functional after")
    with saves(model(dense(activation="relu"))):
        refused("configuration", own, "its `a.config.layers`")
    other = model(dense())
    other.layers[0].kernel.assign(other.layers[0].kernel + 1)
    with saves(other):
        refused("value", own, "a/dense/kernel")
    trained = model(dense())
    trained.fit(x, x, verbose=0)
    other = model(dense())
    other.set_weights(trained.get_weights())
    with saves(other):
        refused("optimizer", trained, "adam/iteration")
    refused("dtype", model(Odd()), "would differ after")
    first, other = model(dense(), keras.layers.Dense(4, name="b")), model(dense(), keras.layers.Dense(4, name="b"))
    other.layers[0].kernel.assign(other.layers[0].kernel + 1)
    with saves(other):
        refused("value of the first layer", first, "a/dense/kernel")

    other = model(dense())
    other.compile(keras.optimizers.Adam(name="adam"), "mae")
    with saves(other):
        refused("loss", own, "its `a.compile_config.loss`")

    def changes(model, _):
        model.layers[0].kernel.assign(model.layers[0].kernel + 1)

    with saved(keras.Model, "save", changes):  # as another thread does
        refused("a change", model(dense()), "changed", code="Conflict")

    class Grows(keras.layers.Layer):
        names = [*4 * [["a", "b"]], ["a"]]  # noqa: RUF012

        def build(self, shape):
            self.parts = [self.add_weight((1,), "zeros", name=name) for name in self.names.pop()]

        def call(self, rows):
            return rows

        def load_own_variables(self, store):
            pass

    refused("one more weight", model(Grows(name="grows")), '"grows/b" would differ')

    class Holds(keras.layers.Layer):
        def __init__(self, inner, **options):
            super().__init__(**options)
            self.inner = inner

        def call(self, rows):
            return self.inner(rows)

        def get_config(self):
            return {**super().get_config(), "inner": self.inner}  # which Keras describes

        @classmethod
        def from_config(cls, config):
            return cls(**{**config, "inner": keras.layers.deserialize(config["inner"])})

    registry.save("equal", model(Holds(dense())))

    class Dense(keras.layers.Layer):
        def call(self, rows):
            return rows

    registry.save("equal", model(Dense(name="own"), dense()))

    def scaled(layer, rows):
        return rows * layer.factor

    def drawn(layer, rows):
        return rows * layer.factor * keras.random.uniform((1,), seed=layer.seeds)

    refused("results", model(forgets(scaled, 3.0)), "its predictions")
    words = keras.Sequential([keras.Input((4,), dtype="int32"), forgets(scaled, 3.0)])
    refused("results for whole numbers", words, "its predictions")

    class Times(keras.Model):
        def __init__(self, layer=None, **options):
            super().__init__(**options)
            self.layer = layer or forgets(scaled, 1.0)

        def call(self, rows):
            return self.layer(rows)

        def get_config(self):
            return keras.layers.Layer.get_config(self)

    own = Times(forgets(scaled, 3.0))
    own(x)
    refused("results of a class", own, "its predictions")

    class Unnamed(Times):
        def __init__(self, layer=None, **options):
            super().__init__(dense(activation=lambda rows: rows * 2), **options)

    own = Unnamed()
    own(x)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        registry.save("equal", own)
    print("no warnings of it", "WRONG" if "lambda" in str([each.message for each in found]) else "ok")
    refused("results by weights", model(forgets(scaled, 3.0), dense()), "its predictions")
    refused("results of parts of numbers", model(forgets(lambda own, x: keras.ops.floor(x / own.factor), 0.7)), "its predictions")
    refused("random results of a seed", model(forgets(drawn, 3.0)), "its predictions")
    registry.save("equal", model(forgets(lambda _, x: x + rng.random(), 3.0)))  # random ones
    registry.save("equal", keras.Sequential([dense()]))  # without inputs

    class Own(keras.optimizers.Adam):
        pass

    class Error(keras.losses.MeanSquaredError):
        pass

    class Mean(keras.metrics.MeanSquaredError):
        pass

    def error(a, b):
        return keras.ops.mean(a - b)

    for options in ({"loss": error}, {"loss": Error()}, {"loss": "mse", "metrics": [Mean(), error]}):
        own = model(dense())
        own.compile(Own(), **options)
        registry.save("equal", own)
    registry.delete("equal", all_versions=True)
    own = model(dense())
    refused("code", model(keras.layers.Lambda(lambda rows: rows)), "would contain code")


def of_images():
    from PIL import Image

    def saves(change, **more):
        """Pillow, when it writes what `change` made of an image."""
        write = Image.Image.save

        def write_other(self, path, **options):
            write(change(self.copy()) or self, path, **{**options, **more})

        return mock.patch.object(Image.Image, "save", write_other)

    image = Image.new("CMYK", (2, 1))
    with saves(lambda own: Image.frombytes("RGBA", own.size, own.tobytes())):
        refused("mode", image, "its mode would differ")
    image = Image.new("L", (2, 1))
    with saves(lambda own: own.resize((1, 2))):
        refused("size", image, "its size would differ")
    with saves(lambda own: own.point(lambda _: 7)):
        refused("content", image, "its content would differ")
    palette = Image.new("P", (2, 1))
    palette.putpalette([1, 2, 3])

    def repainted(own):
        own.putpalette([3, 2, 1])
        return own

    with saves(repainted):
        refused("palette", palette, "its palette would differ")
    image.info["icc_profile"] = b"profile"
    with saves(lambda own: own, icc_profile=None):
        refused("profile", image, "its color profile would differ")
    image = Image.new("CMYK", (2, 1))
    image.getexif()[0x8298] = "author"  # is not written into a TIFF
    refused("EXIF", image, "its EXIF data would differ")
    image = Image.new("I", (2, 1))
    image.info["transparency"] = 0
    refused("transparency", image, "its transparency would differ")


if __name__ == "__main__":
    for part in sys.argv[3:]:
        globals()[f"of_{part}"]()
    print("nothing stored", "ok" if [*registry.names()] == [] else "WRONG")
