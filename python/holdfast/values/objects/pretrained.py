"""Models, tokenizers and adapters of transformers and PEFT, which have `save_pretrained`."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import copy
import hashlib
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from ...core.errors import Json, changed, quoted, unsupported
from ...core.shapes import is_dict, is_sequence
from .modules import buffers_of, first_other, fit_dtypes, made_of
from .table import Loading, built_in
from .tensors import same_tensor


class Pretrained:
    """Models, tokenizers and others with `save_pretrained` and `from_pretrained`."""

    def save(self, value: Any, folder: Path) -> Json:
        value.save_pretrained(folder)
        found = pickle_in(folder)
        if found:
            hint = "Save it in a folder with safetensors, and pass Path('folder')."
            raise unsupported(value, f"it writes a pickle, {quoted(found)}", hint)
        return {"class": type(value).__name__, **buffers_of(value)}

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("transformers.AutoModel")
        check_files(loading)
        if (loading.folder / "adapter_config.json").exists():  # it names the model to load
            hint = "Save a `PeftModel` instead: peft.get_peft_model(model, config)."
            raise loading.refused("it has adapters, and no base model", hint)
        if not hasattr(into, "from_pretrained"):
            hint = "Pass a class of transformers, such as into=transformers.AutoModel."
            raise loading.refused("`into` has no from_pretrained", hint)
        is_auto = into.__module__.startswith("transformers.models.auto")
        options: Json = {"local_files_only": True}
        if is_auto:  # by default, these classes ask in the terminal whether to run stored code
            options["trust_remote_code"] = False
        is_model = hasattr(into, "load_state_dict") or hasattr(into, "_model_mapping")
        if is_model:
            options["output_loading_info"] = True
        try:
            loaded = into.from_pretrained(str(loading.folder), **options)
        except ValueError as error:
            if not is_auto:
                raise
            hint = "Pass the class of the model itself."
            raise loading.refused(str(error).strip().partition("\n")[0], hint) from error
        again, keys = loaded if is_model else (loaded, {})
        name, known = type(again).__name__, loading.facts.get("class")
        hint = f"Pass into=transformers.{known or 'X'}, or download its files and convert them."
        if known not in (None, name):
            raise loading.refused(f"it is a {known}, and `into` loads a {name}", hint)
        for each in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
            if keys.get(each):
                state = f"it does not fit {name}: {each} {sorted(map(str, keys[each]))[0]:.200}"
                raise loading.refused(state, hint)
        if is_model:
            restore_dtypes(again, loading)
        return again

    def difference(self, value: Any, loading: Loading) -> str:
        return of_another(value, self.load(loading._replace(into=type(value))))


def restore_dtypes(model: Any, loading: Loading) -> None:
    """Gives the tensors of a model the dtypes of its files. `config` has one for all of them."""
    from safetensors import safe_open

    own = model.state_dict(keep_vars=True)
    for path in loading.folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            names = file.keys()
            for name in own.keys() & names:
                tensor = file.get_tensor(name)
                if tensor.dtype != own[name].dtype and tensor.shape == own[name].shape:
                    own[name].data = tensor.clone()
    fit_dtypes(loading, model, {}, is_new=True)


VOLATILE = (
    *("_name_or_path", "name_or_path", "transformers_version"),  # of transformers
    *("auto_mapping", "inference_mode", "base_model_name_or_path"),  # of PEFT
)
"""Members that a save or a load changes."""


def of_another(value: Any, again: Any) -> str:
    """Returns how a loaded object differs from the saved one; an empty string if it does not."""
    if not hasattr(value, "state_dict"):
        return other_part(described_plainly(value), described_plainly(again), type(value).__name__)
    for part in ("config", "generation_config"):
        own, other = (described_plainly(getattr(each, part, None)) for each in (value, again))
        odd = other_part(own, other, part)
        if odd:
            return odd
    odd = first_other(made_of(value), made_of(again))
    if odd:
        return odd
    own, other = value.state_dict(), again.state_dict()
    for name in {**own, **other}:
        if name not in own or name not in other:
            return f"a load would {'add' if name in other else 'lose'} {quoted(name)}"
        if own[name].dtype != other[name].dtype:
            return f"{quoted(name)} is {own[name].dtype}, and {other[name].dtype} after a load"
        if not same_tensor(own[name], other[name]):
            raise changed(f"the tensor {quoted(name)}")
    return ""


def described_plainly(value: Any) -> Any:
    """Returns the plain values of a config, a tokenizer or a processor."""
    if hasattr(value, "get_attributes"):
        parts = {each: described_plainly(getattr(value, each)) for each in value.get_attributes()}
        return {**parts, "chat_template": getattr(value, "chat_template", None)}
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if not hasattr(value, "special_tokens_map"):
        return value
    plain = (bool, int, float, str, list, dict, type(None))
    own = {key: each for key, each in vars(value).items() if isinstance(each, plain)}
    shown = {key: own[key] for key in own if key[0] != "_" and not key.startswith("init_")}
    words = value.backend_tokenizer.to_str() if value.is_fast else value.get_vocab()
    return {**shown, "special_tokens": str(value.special_tokens_map), "words": words}


def other_part(own: Any, other: Any, name: str) -> str:
    if is_sequence(own) and is_sequence(other):  # JSON has no tuples
        own, other = list(own), list(other)
    if not is_dict(own) or not is_dict(other):
        same = own == other or repr(own) == repr(other)
        return "" if same else f"its `{name}` is {own!r:.60}, and {other!r:.60} after a load"
    keys = [key for key in {**own, **other} if key not in VOLATILE]
    odd = (other_part(own.get(key), other.get(key), f"{name}.{key}") for key in keys)
    return next(filter(None, odd), "")


def pickle_in(folder: Path) -> str | None:
    ends = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
    names = (each.name for each in folder.rglob("*") if each.suffix in ends)
    return next(names, None)


ELSEWHERE = (
    *("adapters", "prompt_tuning_init_state_dict_path", "shadow_model"),  # of PEFT
    *("audio_tokenizer", "audio_tokenizer_name_or_path"),  # of processors
)
"""Members of JSON files that name models elsewhere, which a package would load."""
WORDS = ("tokenizer.json", "vocab.json")


def check_files(loading: Loading) -> None:
    """Refuses pickles, which no save writes, and names of files outside the folder."""
    found = pickle_in(loading.folder)
    hint = "If you trust its author, download the files and load them yourself."
    if found is not None:
        raise loading.refused(f"it contains a pickle, {quoted(found)}", hint)
    for path in loading.folder.rglob("*.json"):
        known = None if path.name in WORDS else json.loads(path.read_text(encoding="utf-8"))
        if not is_dict(known):
            continue
        shards, others = known.get("weight_map"), known.get("fast_tokenizer_files")
        for name in (*(shards.values() if is_dict(shards) else ()), *(others or ())):
            loading.file(name)
        for name in ELSEWHERE:
            if known.get(name) not in (None, "mirror"):
                state = f"{path.name} names files that it does not have ({name})"
                raise loading.refused(state, hint)


PATTERNS = (
    *("target_modules", "exclude_modules", "modules_to_save", "layers_pattern"),
    *("rank_pattern", "alpha_pattern"),
)
"""Members of the config of an adapter with regular expressions, which PEFT matches with names."""
MOST_REPEATS = 5


def slow_pattern_in(folder: Path) -> str:
    """Returns a regular expression of an adapter that may never end; an empty string if none.

    Python's `re` backtracks: a repeated group takes time that is exponential in the length of a
    name, and each further `*` multiplies the time by that length.
    """
    for path in folder.rglob("adapter_config.json"):
        config = json.loads(path.read_text(encoding="utf-8"))
        members = [config.get(name) for name in PATTERNS] if is_dict(config) else []
        for member in members:
            for text in member if is_sequence(member) or is_dict(member) else (member,):
                plain = re.sub(r"\\.|\[[^\]]*\]", "x", str(text))
                repeats = re.findall(r"[*+]|\{\d*,\d*\}", plain)
                if len(repeats) > MOST_REPEATS or re.search(r"\)[*+{]", plain):
                    return str(text)
    return ""


for _type in (
    "configuration_utils.PreTrainedConfig",
    "configuration_utils.PretrainedConfig",
    "feature_extraction_utils.FeatureExtractionMixin",
    "image_processing_base.ImageProcessingMixin",
    "modeling_utils.PreTrainedModel",
    "processing_utils.ProcessorMixin",
    "tokenization_utils_base.PreTrainedTokenizerBase",
    "generation.configuration_utils.GenerationConfig",
):
    built_in(f"transformers.{_type}", "transformers")(Pretrained)


@built_in("peft.peft_model.PeftModel", "peft")
class Peft:
    """Adapters of PEFT, without their base model."""

    def save(self, value: Any, folder: Path) -> Json:
        Pretrained().save(value, folder)
        slow = slow_pattern_in(folder)
        if slow:
            hint = "Pass a list of module names."
            raise unsupported(value, f"its regular expression {slow!r:.60} may never end", hint)
        names = list(value.peft_config)
        tensors = {name: str(each.dtype)[6:] for name, each in of_adapters(value, names)}
        base = type(value.get_base_model()).__name__
        active = list(value.active_adapters)
        known = {"adapters": names, "active": active, "tensors": tensors, "base": base}
        return {**known, "weights": sampled(value.get_base_model(), names)}

    def load(self, loading: Loading) -> Any:
        base = loading.wanted("base_model")
        check_files(loading)
        slow = slow_pattern_in(loading.folder)
        if slow:
            hint = "If you trust its author, download the files and load them with PEFT."
            raise loading.refused(f"its regular expression {slow!r:.60} may never end", hint)
        if isinstance(base, type):
            raise loading.refused("`into` is a class", "Pass its base model: into=base_model.")
        hint = "Pass the base model of the saved adapters."
        known = loading.facts.get("base", type(base).__name__)
        if known != type(base).__name__:
            raise loading.refused(f"`into` is not a {known}", hint)
        try:
            adapted(loading, hollow(base))  # `base` stays as it was if it does not fit
            odd = of_another_base(loading, base)
            if odd:
                other = "to use another one, download the files and load them by PEFT."
                raise loading.refused(
                    f"`into` has other values in {quoted(odd)}", f"{hint[:-1]}; {other}"
                )
            return adapted(loading, base)
        except (RuntimeError, ValueError, AttributeError, KeyError, TypeError) as error:
            raise loading.refused(f"it does not fit `into` ({error})", hint) from error

    def difference(self, value: Any, loading: Loading) -> str:
        bare = hollow(value)
        has_prompts = bare.active_peft_config.is_prompt_learning  # which change no layer
        again = adapted(loading, bare.base_model if has_prompts else bare.unload())
        for name, config in value.peft_config.items():
            odd = other_part(config.to_dict(), again.peft_config[name].to_dict(), name)
            if odd:
                return odd
        if type(value) is not type(again):
            return f"it would be a {type(again).__name__} after a load"
        for (name, own), other in zip(value.named_modules(), again.modules(), strict=True):
            for part in ("scaling", "_disable_adapters"):
                if vars(own).get(part) != vars(other).get(part):
                    return f"`{part}` of {quoted(name)} would differ after a load"
        own, other = dict(value.named_parameters()), dict(again.named_parameters())
        adapters = dict(of_adapters(value, list(value.peft_config)))
        for name, each in own.items():
            if name in adapters and not same_tensor(each, other[name]):
                raise changed(f"the tensor {quoted(name)}")
            if each.requires_grad and not same_tensor(each, other[name]):
                return f"{quoted(name)} of its base model was trained, and is in no adapter"
        return ""


def of_adapters(model: Any, names: list[str]) -> list[tuple[str, Any]]:
    """Returns the parameters that have the name of an adapter as a part of theirs."""
    found = model.named_parameters()
    return [(name, each) for name, each in found if not {*names}.isdisjoint(name.split("."))]


SAMPLES, VALUES = 8, 4096
"""How many matrices of a base model are compared, and about how many values of each."""


def sampled(base: Any, adapters: list[str]) -> Json:
    """Returns the dtypes and digests of some matrices of a base model that no adapter changes."""
    own = {"base_layer", "original_module", *adapters}  # parts of names in layers of PEFT
    found = {
        name: each
        for name, each in base.named_parameters()
        if each.ndim > 1 and own.isdisjoint(name.split(".")) and not each.is_meta
    }
    names = list(found)[:: max(len(found) // SAMPLES, 1)][:SAMPLES]
    return {name: [str(found[name].dtype), digest_of(found[name])] for name in names}


def digest_of(tensor: Any) -> str:
    import torch

    flat = tensor.detach().reshape(-1)
    some = flat[:: max(len(flat) // VALUES, 1)].to("cpu").contiguous()
    return hashlib.sha256(some.view(torch.uint8).numpy().tobytes()).hexdigest()


def of_another_base(loading: Loading, base: Any) -> str:
    """Returns the name of a matrix with other values than in the base model of the save.

    One of another dtype is not compared: an adapter can be used on a quantized base model.
    """
    own, known = dict(base.named_parameters()), loading.facts.get("weights") or {}
    for name, (dtype, digest) in known.items():
        each = own.get(name)
        is_like = each is not None and str(each.dtype) == dtype and not each.is_meta
        if is_like and digest_of(each) != digest:
            return str(name)
    return ""


def hollow(module: Any) -> Any:
    """Returns a copy of a module whose large tensors take the memory of one number."""
    import torch

    def emptied(tensor: Any) -> Any:
        one = torch.full((), 3.0).to(tensor.dtype).expand(tensor.shape)
        return one.clone() if tensor.numel() < 2**16 else one  # PEFT loads biases into some

    memo: dict[int, Any] = {id(each): emptied(each) for each in module.buffers()}
    for each in module.parameters():
        memo[id(each)] = torch.nn.Parameter(emptied(each), each.requires_grad)
    return copy.deepcopy(module, memo)


def adapted(loading: Loading, base: Any) -> Any:
    """Returns a base model with the saved adapters, in their dtypes."""
    import torch
    from peft import PeftModel, set_peft_model_state_dict
    from safetensors.torch import load_file

    known = loading.facts
    names = known.get("adapters") or ["default"]
    config = "adapter_config.json"
    files = {x: loading.file(config if x == "default" else f"{x}/{config}") for x in names}
    paths = {name: file.parent for name, file in files.items()}
    model: Any = None
    for name, path in paths.items():
        load = model.load_adapter if model else partial(PeftModel.from_pretrained, base)
        loaded = load(str(path), name, autocast_adapter_dtype=False)
        model = model or loaded
    tensors = known.get("tensors")
    if not is_dict(tensors):  # it was saved without dtypes
        return model
    found = dict(of_adapters(model, names))
    if {*found} != {*tensors}:
        raise ValueError(f"other parameters: {sorted({*found} ^ {*tensors})[0]}")
    for name, each in found.items():
        each.data = each.data.to(getattr(torch, tensors[name]))
    for name, path in paths.items():
        set_peft_model_state_dict(model, load_file(path / "adapter_model.safetensors"), name)
    active = known["active"]
    if active != model.active_adapters:
        one = len(active) == 1
        (model if one else model.base_model).set_adapter(active[0] if one else active)
    return model
