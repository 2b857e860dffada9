"""Metadata and labels, which every reader gets with the same values."""

from __future__ import annotations

import enum
import math
from decimal import Decimal
from typing import Any

from .errors import HoldfastError, quoted
from .shapes import is_dict, is_list, is_mapping, is_sequence

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers that JSON lacks, by their strings in metadata and labels (FORMAT.md, section 2)."""


def from_metadata(value: Any) -> Any:
    """Returns metadata in which strings stand for numbers that JSON lacks."""
    if is_dict(value):
        return {key: from_metadata(each) for key, each in value.items()}
    if is_list(value):
        return [from_metadata(each) for each in value]
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


def to_metadata(value: Any) -> Any:
    """Returns the JSON of metadata that was read."""
    if is_dict(value):
        return {key: to_metadata(each) for key, each in value.items()}
    if is_list(value):
        return [to_metadata(each) for each in value]
    return not_finite(value) if isinstance(value, float) and not math.isfinite(value) else value


def number_of(value: Any) -> Any:
    """Returns the number of a scalar of NumPy, PyTorch or JAX, and any other value as it is."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind in ("M", "m") or getattr(value, "ndim", None) != 0 or not hasattr(value, "item"):
        return value
    number = value.item()
    return number if type(number) in (bool, int, float) else value


def not_finite(value: float) -> str:
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def checked_json(value: Any, action: str, path: str) -> Any:
    """Returns the JSON of metadata if every reader of it gets the same values."""
    try:
        if value is not None and not is_mapping(value):
            raise ValueError(f"{path} is of type {type(value).__name__}, not a dict")
        return json_of(value, path)
    except RecursionError:
        problem = f"{path} is nested too deep, or contains itself"
    except (ValueError, RuntimeError) as error:
        problem = str(error)
    hint = "Use bool, int, float, str, None, list, dict with str keys, and str(value) of others."
    raise HoldfastError("Invalid", f"Cannot {action}: {problem}", hint)


def json_of(value: Any, path: str) -> Any:
    """Reads each list and dict once, as another thread may change it."""
    value = number_of(value)
    if isinstance(value, str) and value in NOT_FINITE:
        raise ValueError(f"{path} is a str, but {value!r} stands for float({value!r})")
    if isinstance(value, enum.Enum):
        raise ValueError(f"{path} is an enum instead of its value")
    if isinstance(value, float):
        if str(value) == "-0.0":
            raise ValueError(f"{path} is -0.0 instead of 0.0")
        return value if math.isfinite(value) else not_finite(value)
    if value is None or isinstance(value, (str, int)):
        if isinstance(value, int) and not is_exact(value):
            raise ValueError(
                f"{path} is an int of {value.bit_length()} bits, which would be rounded"
            )
        return value
    if is_sequence(value):
        return [json_of(each, f"{path}[{at}]") for at, each in enumerate(list(value))]
    if not is_mapping(value):
        raise ValueError(f"{path} is of type {type(value).__name__}")
    pairs = list(value.items())
    odd = [key for key, _ in pairs if not isinstance(key, str) or isinstance(key, enum.Enum)]
    if odd:
        raise ValueError(f"{path} has the key {odd[0]!r}, which is not a plain str")
    return {key: json_of(each, f"{path}[{quoted(key)}]") for key, each in pairs}


def is_exact(value: int) -> bool:
    """Whether JavaScript reads a whole number and writes it with the same digits."""
    try:
        number = float(value)
    except OverflowError:
        return False
    return int(Decimal(repr(number)) if abs(number) < 1e21 else number) == value
