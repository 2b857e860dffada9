"""Adapters of PEFT, which change a base model of the program."""

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
from .pretrained import Pretrained, check_files, other_part
from .table import Loading, built_in
from .tensors import same_tensor

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
            check_sizes(loading, base)
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


WEIGHTS = "adapter_model.safetensors"
UNSAVED = 2**26
"""Numbers that adapters may make beside those of their files, such as projections from a seed."""


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


def folders_of(loading: Loading) -> dict[str, Path]:
    """Returns the folders of the saved adapters by name."""
    config, names = "adapter_config.json", loading.facts.get("adapters") or ["default"]
    files = {x: loading.file(config if x == "default" else f"{x}/{config}") for x in names}
    return {name: file.parent for name, file in files.items()}


def numbers_in(module: Any) -> int:
    return sum(each.numel() for each in (*module.parameters(), *module.buffers()))


def check_sizes(loading: Loading, base: Any) -> None:
    """Raises `ValueError` for adapters that would need much more memory than their files have."""
    import torch
    from peft import PeftConfig, PeftModel

    for name, path in folders_of(loading).items():
        config = PeftConfig.from_pretrained(str(path))
        file = path / WEIGHTS
        with torch.device("meta"):  # where tensors have no memory
            bare = hollow(base)
            before = numbers_in(bare)
            model = PeftModel(bare, config, name, autocast_adapter_dtype=False)
        count = numbers_in(model) - before
        if count > (file.stat().st_size if file.exists() else 0) + UNSAVED:
            raise ValueError(f"its file is too small for {count} weights")


def adapted(loading: Loading, base: Any) -> Any:
    """Returns a base model with the saved adapters, in their dtypes."""
    import torch
    from peft import PeftModel, set_peft_model_state_dict
    from safetensors.torch import load_file

    known, paths = loading.facts, folders_of(loading)
    names: list[str] = list(paths)
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
        set_peft_model_state_dict(model, load_file(path / WEIGHTS), name)
    active = known["active"]
    if active != model.active_adapters:
        one = len(active) == 1
        (model if one else model.base_model).set_adapter(active[0] if one else active)
    return model
