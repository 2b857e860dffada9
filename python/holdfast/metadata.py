"""Metadata and labels, which every reader gets with the same values."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from .errors import HoldfastError, quoted


def checked_json(value: Any, action: str, path: str) -> Any:
    """Returns a value if every reader of its JSON gets the same."""
    try:
        problem = json_problem(value, path)
    except RecursionError:
        problem = f"{path} is nested too deep, or contains itself"
    if problem:
        hint = "Use str, float, bool, None, list, dict with str keys, and int; large ones as str."
        raise HoldfastError("Invalid", f"Cannot {action}: {problem}", hint)
    return value


def json_problem(value: Any, path: str) -> str | None:
    if value is None or isinstance(value, (str, bool)):
        return None
    if isinstance(value, int):
        return None if is_exact(value) else f"{path} is {value}, which would be rounded"
    if isinstance(value, float):
        is_kept = math.isfinite(value) and str(value) != "-0.0"
        return None if is_kept else f"{path} is {value}"
    if isinstance(value, dict):
        odd = next((key for key in value if not isinstance(key, str)), None)
        if odd is not None:
            return f"{path} has the key {odd!r}, which is not a str"
        members = [(f"{path}[{quoted(key)}]", each) for key, each in value.items()]
    elif isinstance(value, (list, tuple)):
        members = [(f"{path}[{at}]", each) for at, each in enumerate(value)]
    else:
        return f"{path} is of type {type(value).__name__}"
    return next((found for at, each in members if (found := json_problem(each, at))), None)


def is_exact(value: int) -> bool:
    """Whether JavaScript reads a whole number and writes it with the same digits."""
    try:
        number = float(value)
    except OverflowError:
        return False
    return int(Decimal(repr(number)) if abs(number) < 1e21 else number) == value
