"""Tensors of PyTorch, and modules and states with them, as safetensors and JSON."""

# PyTorch and safetensors may be absent.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

from ...core.errors import HoldfastError, Json, quoted, unsupported
from ...core.shapes import is_dict, is_list
from .table import Loading, built_in, row_of

FILE = "model.safetensors"
DTYPES = re.compile(
    r"float(64|32|16)|bfloat16|u?int(64|32|16|8)|bool|float8_e(4m3fn|4m3fnuz|5m2|5m2fnuz)|complex64"
)
"""What safetensors writes and reads."""
PLAIN_HINT = "Keep tensors, numbers, strings, lists, tuples and dicts; save the rest separately."
LEAVES = frozenset((bool, int, float, str, bytes, type(None)))
"""Types that contain no tensors: most values of large lists have them."""


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def has_tensors(value: Any) -> bool:
    """Returns whether a tensor is in a value, at any depth of its dicts, lists and tuples."""
    if "torch" not in sys.modules:
        return False
    rest, seen = [value], set[int]()
    while rest:
        each: Any = rest.pop()
        if is_tensor(each):
            return True
        if isinstance(each, (dict, list, tuple)) and id(each) not in seen:
            seen.add(id(each))
            inner = list(each.values()) if is_dict(each) else list(each)
            rest.extend(one for one in inner if type(one) not in LEAVES)
    return False


class Tensors:
    """The tensors of a value while it is written as JSON."""

    def __init__(self) -> None:
        self.by_name: dict[str, Any] = {}
        self._names: dict[Any, str] = {}
        self._storages: set[int] = set()
        self._kept: list[Any] = []
        """Tensors that stay in memory, so that no later one gets the address of an earlier one."""

    def write(self, folder: Path) -> None:
        try:
            from safetensors.torch import save_file
        except ImportError as error:
            message = f"Cannot save tensors: safetensors cannot be imported ({error})"
            hint = "Run `pip install safetensors`."
            raise HoldfastError("Unsupported", message, hint) from None
        save_file(self.by_name, folder / FILE, {"format": "pt"})

    def add(self, tensor: Any, name: str) -> str:
        """Returns the name of a tensor: one that has the same memory has the same name."""
        self._check(tensor)

        plain = tensor.detach().resolve_conj().resolve_neg()  # such views share their memory
        place = (plain.device, plain.data_ptr(), plain.dtype, plain.shape, plain.stride())
        if plain.numel() > 0 and place in self._names:
            return self._names[place]
        name = name.encode("utf-8", "backslashreplace").decode() or "tensor"
        own, count = name, 1
        while own in self.by_name or own == "__metadata__":  # of safetensors itself
            count += 1
            own = f"{name}~{count}"
        copied = plain.to("cpu").contiguous()
        storage = copied.untyped_storage()
        is_view = storage.nbytes() != copied.numel() * copied.element_size()
        if is_view or (plain.numel() > 0 and storage.data_ptr() in self._storages):
            copied = copied.clone()  # safetensors cannot store tensors that overlap
        self._storages.add(copied.untyped_storage().data_ptr())
        self.by_name[own] = copied
        self._names[place] = own
        self._kept.append(plain)
        return own

    def _check(self, tensor: Any) -> None:
        import torch

        dtype = str(tensor.dtype).removeprefix("torch.")
        if tensor.is_nested:
            raise unsupported(tensor, "it is a nested tensor", "Save list(tensor.unbind()).")
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer):
            hint = "Save tensor.full_tensor() or a plain tensor, or a distributed checkpoint."
            raise unsupported(tensor, "it is not a plain tensor", hint)
        if tensor.layout != torch.strided or tensor.device.type == "meta" or tensor.is_quantized:
            state = f"it has no plain memory ({tensor.layout}, {tensor.device})"
            raise unsupported(tensor, state, "Save tensor.to_dense(), or load it first.")
        if not DTYPES.fullmatch(dtype):
            hint = "Convert it: torch.view_as_real(tensor), or tensor.to(torch.float32)."
            raise unsupported(tensor, f"safetensors has no dtype {dtype}", hint)

    def json_of(self, value: Any, path: str = "") -> Any:
        """Returns a value as JSON that names its tensors."""
        if is_tensor(value):
            return {"tensor": self.add(value, path)}
        kind: type[Any] = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is list:
            return [self.json_of(each, below(path, at)) for at, each in enumerate(value)]
        if kind is tuple or (kind.__module__, kind.__name__) == ("torch", "Size"):
            return {"tuple": [self.json_of(x, below(path, at)) for at, x in enumerate(value)]}
        if isinstance(value, dict):
            items = list(value.items())
            odd = next((key for key, _ in items if type(key) not in (str, int)), None)
            if odd is not None:
                state = f"one of its keys has the type {type(odd).__name__}"
                raise unsupported(value, state, "Use str and int as keys.")
            return {"dict": [[key, self.json_of(each, below(path, key))] for key, each in items]}
        raise unsupported(value, f"only pickle could save it, at {quoted(path)}", PLAIN_HINT)


def below(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def value_of(known: Any, tensors: Json) -> Any:
    """Returns the value of what `json_of` returned."""
    if is_list(known):
        return [value_of(each, tensors) for each in known]
    if not is_dict(known):
        return known
    [(mark, inner)] = known.items()
    if mark == "tensor":
        return tensors[inner]
    if mark == "float":
        return float(inner)
    if mark == "tuple":
        return tuple(value_of(each, tensors) for each in inner)
    if mark == "dict":
        return {key: value_of(each, tensors) for key, each in inner}
    raise ValueError(f"unknown mark {mark!r}")


def read_tensors(loading: Loading) -> Any:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        state = f"PyTorch or safetensors cannot be imported ({error})"
        raise loading.refused(state, "Run `pip install torch safetensors`.") from None
    file = loading.folder / FILE
    try:
        return value_of(loading.facts["state"], load_file(file) if file.exists() else {})
    except (SafetensorError, TypeError, RecursionError) as error:
        raise ValueError(error) from error


@built_in("torch.Tensor", "torch.state")
class State:
    """Tensors, and dicts, lists and tuples with them: states of modules, optimizers, schedulers."""

    def save(self, value: Any, folder: Path) -> Json:
        tensors = Tensors()
        try:
            state = tensors.json_of(value)
        except RecursionError:
            raise unsupported(value, "it is nested too deep, or contains itself", "") from None
        tensors.write(folder)
        return {"state": state}

    def load(self, loading: Loading) -> Any:
        state = read_tensors(loading)
        return state if loading.into is None else filled(loading, loading.into, state)


@built_in("torch.nn.modules.module.Module", "torch.module")
class Module:
    """A module: its parameters and buffers, and the arguments in its `config`."""

    def save(self, value: Any, folder: Path) -> Json:
        return {**State().save(value.state_dict(), folder), "arguments": arguments_of(value)}

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("Net")
        state = read_tensors(loading)
        if not callable(into) or hasattr(into, "load_state_dict") and not isinstance(into, type):
            if hasattr(into, "load_state_dict") and not hasattr(into, "named_parameters"):
                raise loading.refused("it is the state of a module", "Pass a module: into=Net().")
            return filled(loading, into, state)
        return filled(loading, made(loading, into), state, is_new=True)


INSTANCE_HINT = "Pass an instance: into=Net(…)."


def made(loading: Loading, into: Any) -> Any:
    arguments = loading.facts.get("arguments") or {}
    is_timm = getattr(into, "__module__", "").partition(".")[0] == "timm"
    if is_timm and not re.fullmatch(r"[\w.]+", str(arguments.get("model_name"))):
        raise loading.refused("it does not name a model of timm", INSTANCE_HINT)
    if isinstance(into, type) and row_of(into) != "torch.module":  # what is stored is passed to it
        state = f"objects of the class {into.__name__} are saved in another way"
        raise loading.refused(state, INSTANCE_HINT)
    if is_timm:
        arguments = {key: arguments[key] for key in arguments if key in ("model_name", *TIMM)}
    try:
        return into(**arguments)
    except (TypeError, ValueError) as error:
        state = f"{getattr(into, '__name__', into)} does not take its arguments ({error})"
        raise loading.refused(state, INSTANCE_HINT) from error


TIMM = ("num_classes", "in_chans")


def arguments_of(module: Any) -> Json | None:
    """Returns the arguments of a module that are known: its `config`, or the model of timm."""
    cfg = getattr(module, "pretrained_cfg", None)
    if type(module).__module__.startswith("timm.") and is_dict(cfg) and cfg.get("architecture"):
        found = {each: getattr(module, each, None) for each in TIMM}
        sizes = {key: value for key, value in found.items() if isinstance(value, int)}
        return {"model_name": cfg["architecture"], **sizes}
    config = getattr(module, "config", None)
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    try:
        return json.loads(json.dumps(config, allow_nan=False)) if is_dict(config) else None
    except (TypeError, ValueError):
        return None


PART_HINT = 'Pass what it was saved from; or pass a part: into.load_state_dict(load(ref)["a"]).'


def filled(loading: Loading, into: Any, state: Any, is_new: bool = False) -> Any:
    """Loads a state into a module, or into an optimizer or a scheduler."""
    if not hasattr(into, "load_state_dict"):
        state_of = f"a {type(into).__name__} has no load_state_dict"
        raise loading.refused(state_of, "Pass a module, an optimizer or a scheduler as `into`.")
    if isinstance(into, type):
        raise loading.refused("`into` is a class", f"Pass an object: into={into.__name__}(…).")
    if hasattr(into, "named_parameters"):
        fit_dtypes(loading, into, state, is_new)
    elif is_of_another(into, state):
        raise loading.refused("it has none of the keys of `into`", PART_HINT)
    try:
        into.load_state_dict(state)
    except KeyError as error:
        raise loading.refused(f"it has no key {error}, which `into` needs", PART_HINT) from error
    except (RuntimeError, ValueError, AttributeError, TypeError) as error:
        hint = "Create `into` with the arguments that the saved object had."
        raise loading.refused(f"it does not fit `into` ({error})", hint) from error
    return into


def is_of_another(into: Any, state: Any) -> bool:
    """Returns whether a state shares no key with that of an object: a scheduler would accept it."""
    if not is_dict(state) or not hasattr(into, "state_dict"):
        return False
    own = into.state_dict()
    return bool(state) and bool(own) and not any(each in own for each in state)


def fit_dtypes(loading: Loading, module: Any, state: Any, is_new: bool) -> None:
    """Gives a new module the dtypes of a state. Refuses others in a module of the program.

    PyTorch would round the values.
    """
    for name, own in (*module.named_parameters(), *module.named_buffers()):
        if own.is_meta:
            hint = "Give it memory first: module.to_empty(device='cpu')."
            raise loading.refused(f"{quoted(name)} in `into` is on the device meta", hint)
        saved: Any = state.get(name) if is_dict(state) else None
        if not is_tensor(saved) or saved.dtype == own.dtype:
            continue
        if not is_new:
            state_of = f"{quoted(name)} is {saved.dtype}, and {own.dtype} in `into`"
            raise loading.refused(state_of, f"Convert it first: module.to({saved.dtype}).")
        own.data = own.data.to(saved.dtype)
