"""The curves of a run that has ended."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.shapes import is_dict, is_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..files.file import Files

FILE = "history.jsonl"
NOT_FINITE = {"NaN", "Infinity", "-Infinity"}


class Curve(NamedTuple):
    """The numbers that a run logged by one name, in the order of its points."""

    steps: list[int | float]
    values: list[int | float]


def curves_of(version: Files) -> dict[str, Curve]:
    """Returns the curves of a version by name. Those of nested values are joined with dots."""
    named = version.metadata.get("curves")
    paths = named if is_list(named) else [named]
    path = next((each for each in paths if str(each).endswith(".jsonl")), FILE)
    curves: dict[str, Curve] = {}
    for line in io.StringIO(version.file(path).text()):
        point = json.loads(line)
        step = point.pop("step", None)
        for name, value in numbers_in(point, ""):
            curve = curves.setdefault(name, Curve([], []))
            curve.steps.append(len(curve.steps) if step is None else step)
            curve.values.append(value)
    return curves


def numbers_in(point: dict[str, Any], above: str) -> Iterator[tuple[str, int | float]]:
    for name, value in point.items():
        if is_dict(value):
            yield from numbers_in(value, f"{above}{name}.")
        elif type(value) in (int, float):
            yield above + name, value
        elif isinstance(value, str) and value in NOT_FINITE:
            yield above + name, float(value)
