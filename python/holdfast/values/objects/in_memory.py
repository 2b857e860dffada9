"""Loads weights into tensors that a program has in memory: of the next version, only the change."""

# PyTorch may be absent.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import ctypes
import json
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from ...core.errors import HoldfastError, Json, quoted
from ...core.shapes import is_dict, is_list
from ...files.file import File, Files, unreadable, value_files, whole
from ...files.weights import Copy, Reads, made_from
from .tensors import FILE, Tensors, below, has_tensors, is_tensor, place_of, value_of

DTYPES = {
    **{f"F{bits}": f"float{bits}" for bits in (64, 32, 16)},
    **{f"I{bits}": f"int{bits}" for bits in (64, 32, 16, 8)},
    **{f"U{bits}": f"uint{bits}" for bits in (64, 32, 16, 8)},
    "BF16": "bfloat16",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
"""Names of types in safetensors, and in PyTorch."""


class Refusing:
    """Makes the errors of a load."""

    def __init__(self, version: Files) -> None:
        self._ref = version.ref

    def __call__(self, state: str, hint: str = "Pass the state that was saved.") -> HoldfastError:
        return HoldfastError("Invalid", f"Cannot load {quoted(self._ref)}: {state}", hint)


def is_memory(into: Any) -> bool:
    """Returns whether a program passed tensors: one, or a state with some."""
    return is_tensor(into) or (isinstance(into, (dict, list, tuple)) and has_tensors(into))


def load_files_into(version: Files, into: Any) -> Any:
    """Writes the tensors of files of safetensors into those of a dict, and returns it.

    Nothing is written unless everything fits.
    """
    refused = Refusing(version)
    files = [each for each in value_files(version) if each.path.endswith(".safetensors")]
    if not files:
        raise refused("it has no file of safetensors", "Leave out `into`.")
    if not is_dict(into):
        raise refused("`into` is no dict of tensors", "Pass the tensors by their names.")
    for name, target in into.items():
        check_target(name, target, refused)
    fill(version, files, {name: each.detach() for name, each in into.items()}, refused)
    return into


def load_state_into(version: Files, state: Any, into: Any) -> Any:
    """Writes a saved object into one with the same structure, and returns it.

    `state` is its JSON, whose tensors are written into those of `into`. Nothing is written unless
    everything fits.
    """
    refused = Refusing(version)
    targets = Targets(refused)
    try:
        own = targets.json_of(into)
    except (HoldfastError, RecursionError) as error:
        state_of = getattr(error, "message", "it is nested too deep")
        raise refused(f"`into` holds what no load can fill: {state_of}") from None
    odd = difference(outline(state), outline(own))
    if odd is not None:
        state_of = f"it differs from `into` in keys, types or shared tensors, at {quoted(odd)}"
        raise refused(state_of)
    files = [each for each in version.files if each.path == FILE]
    fill(version, files, targets.by_name, refused)
    return merged(state, into, targets.by_name)


class Targets(Tensors):
    """The tensors of a value that is written, by the names that they have in a file."""

    def __init__(self, refused: Refusing) -> None:
        super().__init__()
        self._refused = refused

    def add(self, tensor: Any, name: str) -> str:
        check_target(name, tensor, self._refused)
        return super().add(tensor, name)


def check_target(name: Any, target: Any, refused: Refusing) -> None:
    what = f"{name!r} in `into`"
    if not is_tensor(target):
        raise refused(f"{what} is not a tensor", "Pass a dict of tensors.")
    import torch

    if target.layout != torch.strided or target.device.type == "meta" or target.is_nested:
        raise refused(f"{what} has no plain memory ({target.layout}, {target.device})")
    if target.is_conj() or target.is_neg() or hasattr(target, "full_tensor"):
        raise refused(f"{what} is a view, or distributed", "Pass a plain tensor.")
    if any(
        step == 0 and size > 1 for step, size in zip(target.stride(), target.shape, strict=True)
    ):
        raise refused(f"elements of {what} share their memory", "Pass a tensor without `expand`.")


def outline(known: Any) -> Any:
    """Returns the JSON of a state without its plain values."""
    if is_list(known):
        return [outline(each) for each in known]
    if not is_dict(known):
        return None
    [(mark, inner)] = known.items()
    if mark in ("dict", "ordered", "module"):
        items = inner[0] if mark == "module" else inner
        return {(type(key).__name__, key): outline(each) for key, each in items}
    if mark == "tuple":
        return tuple(outline(each) for each in inner)
    return None if mark in ("float", "size") else (mark, inner)


def difference(saved: Any, own: Any, path: str = "") -> str | None:
    """Returns the place of the first difference of two outlines; None if there is none."""
    if type(saved) is not type(own) or len(saved or ()) != len(own or ()):
        return path
    if is_dict(saved):
        odd = next((key for key in saved if key not in own), None)
        if odd is not None:
            return below(path, odd[1])
        inner = [(saved[key], own[key], below(path, key[1])) for key in saved]
    elif isinstance(saved, (list, tuple)):
        inner = [(a, b, below(path, at)) for at, (a, b) in enumerate(zip(saved, own, strict=True))]
    else:
        return None if saved == own else path
    return next((at for at in (difference(*each) for each in inner) if at is not None), None)


def merged(known: Any, own: Any, targets: Json) -> Any:
    """Returns a value with the plain values of a saved one, and the tensors of `own`."""
    if is_tensor(own):
        return own
    if is_list(known):
        own[:] = [merged(each, old, targets) for each, old in zip(known, own, strict=True)]
        return own
    mark, inner = next(iter(known.items())) if is_dict(known) else ("", known)
    if mark == "tuple":
        return tuple(merged(each, old, targets) for each, old in zip(inner, own, strict=True))
    if mark in ("dict", "ordered", "module"):
        for key, each in inner[0] if mark == "module" else inner:
            own[key] = merged(each, own[key], targets)
        return own
    return value_of(known, targets)


class Place(NamedTuple):
    """A tensor in a file of safetensors."""

    name: str
    dtype: str
    shape: list[Any]
    start: int
    end: int


def places_in(head: bytes | bytearray, size: int) -> list[Place] | None:
    """Returns the tensors of a file by its first bytes; None if it is none of safetensors."""
    try:
        header: Json = json.loads(bytes(head[8 : head_size(head)]))
        header.pop("__metadata__", None)
        start = head_size(head)
        found = [
            Place(name, x["dtype"], x["shape"], *(start + at for at in x["data_offsets"]))
            for name, x in header.items()
        ]
        fits = all(start <= each.start <= each.end <= size for each in found)
        return sorted(found, key=lambda each: each.start) if fits else None
    except (AttributeError, KeyError, TypeError, ValueError, struct.error, RecursionError):
        return None


def head_size(data: bytes | bytearray) -> int:
    """Returns the number of bytes before the tensors."""
    return 8 + int(struct.unpack_from("<Q", data)[0])


class Memory:
    """The bytes of a file whose tensors are in memory."""

    def __init__(self, head: bytes, size: int, targets: Json) -> None:
        self._head = head
        self._places = [x for x in places_in(head, size) or () if x.end > x.start]
        self._starts = [each.start for each in self._places]
        self._targets = targets
        self._flat: tuple[str, Any] = "", None

    def read(self, start: int, end: int) -> bytes:
        parts = [self._head[start:end]]
        index = max(bisect_right(self._starts, start) - 1, 0)
        for place in self._places[index:]:
            if place.start >= end:
                break
            first, last = max(start, place.start), min(end, place.end)
            if first < last:
                parts.append(self._bytes(place, first - place.start, last - place.start))
        return b"".join(parts)

    def _bytes(self, place: Place, first: int, last: int) -> bytes:
        if self._flat[0] != place.name:  # once for each tensor of a GPU
            self._flat = place.name, self._targets[place.name].to("cpu").contiguous()
        return ctypes.string_at(self._flat[1].data_ptr() + first, last - first)


class Staged(NamedTuple):
    """A checked file, before its tensors are written."""

    data: bytearray
    places: list[Place]
    note: Callable[[bytes], None] | None
    """Notes that it is in memory, by its bytes before the tensors."""


def fill(version: Files, files: list[File], targets: Json, refused: Refusing) -> None:
    """Writes the tensors of files into targets."""
    staged = [stage(version, file, targets) for file in files]
    writes = [(targets.get(x.name), x, each.data) for each in staged for x in each.places]
    check_writes(writes, targets, refused)
    try:
        write(writes)
    except BaseException:  # such as Ctrl-C: the tensors never are of two versions
        write(writes)
        raise
    for each in staged:
        if each.note is not None:
            each.note(bytes(each.data[: head_size(each.data)]))


Writes = list[tuple[Any, Place, bytearray]]


def check_writes(writes: Writes, targets: Json, refused: Refusing) -> None:
    """Refuses files with other tensors than the targets."""
    names = {place.name for _, place, _ in writes}
    missing = next((name for name in targets if name not in names), None)
    if missing is not None:
        raise refused(f"it has no tensor {missing!r}, which `into` needs")
    if len(names) < len(writes):
        raise refused("two of its files have a tensor of one name", "Leave out `into`.")
    seen: dict[Any, memoryview] = {}
    for target, place, data in writes:
        what = quoted(place.name)
        if target is None:
            raise refused(f"it has the tensor {what}, which `into` does not have")
        dtype, own = DTYPES.get(place.dtype, place.dtype), str(target.dtype)[6:]
        shape = list(target.shape)
        if dtype != own or place.shape != shape:
            raise refused(f"{what} is {dtype} {place.shape}, and {own} {shape} in `into`")
        if place.end - place.start != target.numel() * target.element_size():
            raise refused(f"{what} has another size than its shape", "Leave out `into`.")
        mine = memoryview(data)[place.start : place.end]
        first = seen.setdefault(place_of(target), mine) if target.numel() > 0 else mine
        if first is not mine and bytes(first) != bytes(mine):
            raise refused(f"{what} shares its memory with another tensor of `into`")


def write(writes: Writes) -> None:
    import torch

    for target, place, data in writes:
        if place.start < place.end:
            size = place.end - place.start
            flat = torch.frombuffer(data, dtype=torch.uint8, offset=place.start, count=size)
            is_aligned = place.start % target.element_size() == 0
            value = (flat if is_aligned else flat.clone()).view(target.dtype).view(target.shape)
            with torch.inference_mode(target.is_inference()), torch.no_grad():
                target.copy_(value)


def stage(version: Files, file: File, targets: Json) -> Staged:
    """Reads and checks a file: of another version than the targets are of, what differs."""
    source, data = version.source, None
    note: Callable[[bytes], None] | None = None
    memory = tuple(sorted((str(name), str(place_of(each))) for name, each in targets.items()))
    if source is not None:
        what = f"{quoted(file.path)} of {quoted(version.ref)}"
        reads: Reads = what, source.held.keeping(source.stored, file.size), source.listed
        known = source.held.find((file.path, memory))
        if known is not None:
            read = Memory(known.head, int(known.facts["size"]), targets).read
            data = made(file, reads, Copy(known.facts, known.reads, read))
        note = partial(source.held.note, (file.path, memory), file.facts, reads)
    if data is None:
        data = gathered(file, file.chunks())
    places = places_in(data, file.size)
    if places is None:
        raise unreadable(file, "it is not a file of safetensors")
    return Staged(data, places, note)


def made(file: File, reads: Reads, copy: Copy) -> bytearray | None:
    """Returns a file by what it differs from in memory; None if that is not as it was."""
    try:
        chunks = made_from(file.facts, reads, copy)
        return None if chunks is None else gathered(file, whole(chunks, file, reads[0]))
    except HoldfastError:  # the tensors were changed, or that version is gone
        return None


def gathered(file: File, chunks: Iterator[bytes]) -> bytearray:
    data, at = bytearray(file.size), 0
    for chunk in chunks:
        data[at : at + len(chunk)] = chunk
        at += len(chunk)
    return data
