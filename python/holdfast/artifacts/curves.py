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


def curves_of(version: Files, points: int | None) -> dict[str, Curve]:
    """Returns the curves of a version by name. Those of nested values are joined with dots."""
    named = version.metadata.get("curves")
    paths = named if is_list(named) else [named]
    path = next((each for each in paths if str(each).endswith(".jsonl")), FILE)
    curves: dict[str, Curve] = {}
    for line in io.StringIO(version.file(path).text()):
        point = point_in(line)
        step = point.pop("step", None)
        for name, value in numbers_in(point, ""):
            curve = curves.setdefault(name, Curve([], []))
            curve.steps.append(len(curve.steps) if step is None else step)
            curve.values.append(value)
    if points is None:
        return curves
    return {name: thinned(curve, points) for name, curve in curves.items()}


def point_in(line: str) -> dict[str, Any]:
    try:
        point = json.loads(line)
    except ValueError:  # a program that is killed leaves half a line
        return {}
    return point if is_dict(point) else {}


def numbers_in(point: dict[str, Any], above: str) -> Iterator[tuple[str, int | float]]:
    for name, value in point.items():
        if is_dict(value):
            yield from numbers_in(value, f"{above}{name}.")
        elif type(value) in (int, float):
            yield above + name, value
        elif isinstance(value, str) and value in NOT_FINITE:
            yield above + name, float(value)


def thinned(curve: Curve, most: int) -> Curve:
    """Returns at most so many points, as `core/thinned_line.ts` does."""
    if len(curve.values) <= most:
        return curve
    places = places_of(curve.values, (most - 2) // 2)
    if len(places) > most:
        places = places_of(curve.values, (most - 2) // 3)
    return Curve([curve.steps[at] for at in places], [curve.values[at] for at in places])


def places_of(values: list[int | float], groups: int) -> list[int]:
    last = len(values) - 1
    if groups == 0:
        return [0, last]
    size = -((1 - last) // groups)
    places = [0]
    for start in range(1, last, size):
        group = range(start, min(start + size, last))
        finite = [at for at in group if values[at] - values[at] == 0]  # not NaN, not infinite
        found = {pick(finite, key=values.__getitem__) for pick in (min, max) if finite}
        gap = next((at for at in group if values[at] - values[at] != 0), None)
        places += sorted(found if gap is None else found | {gap})
    return [*places, last]
