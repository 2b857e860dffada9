"""Tensors of PyTorch, and values that contain them, as safetensors and JSON."""

# PyTorch and safetensors may be absent.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
import re
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ...core.errors import Json, changed, quoted, unsupported
from ...core.shapes import is_dict, is_list
from .predictions import same
from .table import Loading

FILE = "model.safetensors"
DTYPES = re.compile(
    r"float(64|32|16)|bfloat16|u?int(64|32|16|8)|bool|float8_e(4m3fn|4m3fnuz|5m2|5m2fnuz|8m0fnu)|complex64|float4_e2m1fn_x2"
)
"""What safetensors writes and reads."""
PLAIN_HINT = "Keep tensors, numbers, strings, lists, tuples and dicts; save the rest separately."
LEAVES = frozenset((bool, int, float, str, bytes, type(None)))
"""Types that contain no tensors: most values of large lists have them."""


def is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def place_of(tensor: Any) -> Any:
    """Returns what is equal for two tensors with the same memory, unless one of them is empty."""
    return tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()


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
        """Tensors that stay in memory, so that no later one gets the address of an earlier one."""
        self._names: dict[Any, str] = {}

    def write(self, folder: Path) -> None:
        from safetensors.torch import save_file

        copies, storages = dict[str, Any](), set[int]()
        for name, tensor in self.by_name.items():
            copied = tensor.to("cpu").contiguous()
            storage = copied.untyped_storage()
            is_view = storage.nbytes() != copied.numel() * copied.element_size()
            if is_view or (copied.numel() > 0 and storage.data_ptr() in storages):
                copied = copied.clone()  # safetensors cannot store tensors that overlap
            storages.add(copied.untyped_storage().data_ptr())
            copies[name] = copied
        save_file(copies, folder / FILE, {"format": "pt"})

    def add(self, tensor: Any, name: str) -> str:
        """Returns the name of a tensor: one that has the same memory has the same name."""
        self._check(tensor)
        plain = tensor.detach().resolve_conj().resolve_neg()  # such views share their memory
        place = place_of(plain)
        if plain.numel() > 0 and place in self._names:
            return self._names[place]
        name = name.encode("utf-8", "backslashreplace").decode() or "tensor"
        own, count = name, 1
        while own in self.by_name or own == "__metadata__":  # of safetensors itself
            count += 1
            own = f"{name}~{count}"
        self.by_name[own] = plain
        self._names[place] = own
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
        is_size = (kind.__module__, kind.__name__) == ("torch", "Size")
        if kind is tuple or is_size:
            parts = [self.json_of(x, below(path, at)) for at, x in enumerate(value)]
            return {"size" if is_size else "tuple": parts}
        if isinstance(value, dict):
            items = list(value.items())
            odd = next((key for key, _ in items if type(key) not in (str, int)), None)
            if odd is not None:
                state = f"one of its keys has the type {type(odd).__name__}"
                raise unsupported(value, state, "Use str and int as keys.")
            if kind not in (dict, OrderedDict):
                state = f"it is a {kind.__name__}, which would become a dict, at {quoted(path)}"
                raise unsupported(value, state, "Convert it: dict(value).")
            inner = [[key, self.json_of(each, below(path, key))] for key, each in items]
            versions = getattr(value, "_metadata", None)  # of the classes of a module's state
            if not is_dict(versions):
                return {"dict" if kind is dict else "ordered": inner}
            return {"module": [inner, self.json_of(versions, below(path, "_metadata"))]}
        numpy: Any = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            mark = "array" if isinstance(value, numpy.ndarray) else "scalar"
            return {mark: self.add(tensor_of(value, path), path)}
        raise unsupported(value, f"only pickle could save it, at {quoted(path)}", PLAIN_HINT)


def tensor_of(array: Any, path: str) -> Any:
    """Returns a tensor with the memory of an array of NumPy, or a copy."""
    import torch

    plain = array if array.ndim > 0 and min(array.strides) > 0 else array.copy()
    try:
        return torch.from_numpy(plain if array.ndim > 0 else plain.reshape(1)).view(array.shape)
    except (TypeError, ValueError) as error:
        state = f"{error}, at {quoted(path)}"
        raise unsupported(array, state, "Save it as an artifact of its own.") from None


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
    if mark in ("array", "scalar"):
        array = tensors[inner].numpy()
        return array if mark == "array" else array[()]
    if mark == "float":
        return float(inner)
    if mark == "tuple":
        return tuple(value_of(each, tensors) for each in inner)
    if mark == "size":
        import torch

        return torch.Size(inner)
    if mark in ("dict", "ordered"):
        kind = dict if mark == "dict" else OrderedDict
        return kind((key, value_of(each, tensors)) for key, each in inner)
    if mark == "module":
        state = OrderedDict((key, value_of(each, tensors)) for key, each in inner[0])
        state._metadata = value_of(inner[1], tensors)  # type: ignore[attr-defined]
        return state
    raise ValueError(f"unknown mark {mark!r}")


def read_tensors(loading: Loading) -> Any:
    from safetensors.torch import load_file

    file = loading.folder / FILE
    try:
        return value_of(loading.facts["state"], load_file(file) if file.exists() else {})
    except TypeError as error:
        raise ValueError(error) from error


def written(value: Any, folder: Path) -> Any:
    """Writes the tensors of a value into a folder, and returns the value as JSON."""
    tensors = Tensors()
    try:
        state = tensors.json_of(value)
    except RecursionError:
        raise unsupported(value, "it is nested too deep, or contains itself", "") from None
    tensors.write(folder)
    return state


def check_written(value: Any, again: Any) -> None:
    """Raises `Conflict` if a state that was read differs from that of a value, which changed."""
    own, read = Tensors(), Tensors()
    if not same(own.json_of(value), read.json_of(again)):
        raise changed("a state (its keys or plain values)")
    for name, tensor in own.by_name.items():
        if not same_tensor(tensor, read.by_name[name]):
            raise changed(f"the tensor {quoted(name)}")


def same_tensor(a: Any, b: Any) -> bool:
    """Whether tensors have the same dtype, shape and bits, also of NaN and of -0."""
    import torch

    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return False
    flat = [each.detach().to("cpu").contiguous().view(-1) for each in (a, b)]
    size = flat[0].element_size() * flat[0].numel()
    starts = [each.storage_offset() * each.element_size() for each in flat]
    wide = (torch.int64, torch.int32, torch.int16)  # these are compared faster than bytes
    dtype = next((x for x in wide if not any(y % x.itemsize for y in (size, *starts))), torch.uint8)
    return bool(torch.equal(*(each.view(dtype) for each in flat)))
