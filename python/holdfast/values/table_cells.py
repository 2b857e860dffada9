"""Comparisons of the cells of a data frame with those of the data frame that a load returns.

PyArrow guesses the type of a column of Python objects from its first cells and fits the others
into it: in a column of dates, a datetime loses its time of day. Back in pandas, integers beside a
missing value are floats.
"""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from ..core.errors import quoted, unsupported
from ..core.shapes import is_dict


class Cells(NamedTuple):
    """The Python objects of a column or of a level of the index."""

    at: int
    """Its position among the columns, and the levels after them."""
    owner: str
    cells: list[Any]
    hint: str
    cast: str = ""
    """How to give it another type, as the beginning of a hint."""


def objects_in(frame: Any) -> list[Cells]:
    """Returns the columns and levels of Python objects. Refuses those that PyArrow cannot read."""
    import numpy

    columns = [*columns_of_objects(frame), *levels_of_objects(frame)]
    for _, owner, cells, hint, _ in [*columns, *categories_in(frame)]:
        kinds = numpy_types(cells)
        if numpy.datetime64 in kinds and len(kinds) > 1:  # this ends the process in PyArrow
            raise unsupported(frame, f"{owner} mixes times and other values of NumPy", hint)
    return columns


def numpy_types(cells: Iterable[Any]) -> set[type]:
    """Returns the types of scalars and arrays of NumPy, also of those in lists and dicts."""
    import numpy

    kinds: set[type] = set()
    for cell in cells:
        if isinstance(cell, (list, tuple)):
            kinds |= numpy_types(cell)
        elif is_dict(cell):
            kinds |= numpy_types(cell.values())
        elif isinstance(cell, (numpy.generic, numpy.ndarray)):
            kinds.add(cell.dtype.type)
    return kinds


def columns_of_objects(frame: Any) -> Iterator[Cells]:
    for at, (label, dtype) in enumerate(frame.dtypes.items()):
        if str(dtype) == "object":
            column = f"value[{label!r}]"
            hint = f"Try value.infer_objects(), or {column} = {column}.astype(str)."
            owner = f"the column {quoted(str(label))}"
            cast = f"Call {column} = {column}.astype("
            yield Cells(at, owner, list(frame.iloc[:, at].to_numpy()), hint, cast)


def levels_of_objects(frame: Any) -> Iterator[Cells]:
    for level in range(frame.index.nlevels):
        values = frame.index.get_level_values(level)
        if str(values.dtype) == "object":
            cells = list(values.to_numpy())
            hint = "Make it a column with value.reset_index(), and give its cells one type."
            kinds = set(map(type, cells))
            if any(kind.__hash__ is None or issubclass(kind, tuple) for kind in kinds):
                state = "Parquet makes arrays of the tuples or lists in its index"
                raise unsupported(frame, state, "Make it a column: value.reset_index().")
            cast = "Make it a column with value.reset_index(), and call its astype("
            yield Cells(len(frame.columns) + level, "the index", cells, hint, cast)


def categories_in(frame: Any) -> Iterator[Cells]:
    for at, dtype in enumerate([*frame.dtypes, *frame.index.to_frame().dtypes]):
        if str(dtype) == "category" and str(dtype.categories.dtype) == "object":
            hint = "Give its categories one type: value.cat.rename_categories(str)."
            yield Cells(at, "a categorical", list(dtype.categories), hint)


def check_cells(frame: Any, objects: list[Cells], file: Any) -> None:
    """Raises `Unsupported` if a load of a Parquet file returns other cells than the data frame."""
    from pyarrow import parquet

    schema = parquet.read_schema(file)
    descriptions: list[Any] = (schema.pandas_metadata or {}).get("index_columns") or []
    names = [*schema.names[: len(frame.columns)], *descriptions]
    objects = [
        each for each in objects if not are_plain(each.cells, schema.field(names[each.at]).type)
    ]
    if not objects:
        return
    own = sorted(each.at for each in objects if each.at < len(frame.columns))
    index = [each for each in descriptions if isinstance(each, str)]
    columns = [*(names[at] for at in own), *index]
    table = parquet.ParquetFile(file).read(columns, use_threads=False).select(columns)
    loaded = table.to_pandas(use_threads=False)
    for at, owner, cells, hint, cast in objects:
        if at < len(frame.columns):
            values = loaded.iloc[:, own.index(at)]
        else:
            values = loaded.index.get_level_values(at - len(frame.columns))
        for row, (cell, other) in enumerate(zip(cells, list(values), strict=True)):
            if form(cell) != form(other):
                kind = f"{type(cell).__module__}.{type(cell).__qualname__}"
                state = f"the {kind.removeprefix('builtins.')} in row {row} of {owner}"
                if all(type(each) is int or form(each) is None for each in cells):
                    hint = f"{cast}'Int64')."  # which keeps them beside missing values
                raise unsupported(frame, f"Parquet changes {state}", hint)


def are_plain(cells: Iterable[Any], stored: Any) -> bool:
    """Whether all cells have one plain type, and the stored ones the same. So they stay equal."""
    from pyarrow import types

    cells = list(cells)
    kinds = set(map(type, cells)) - {type(None)}
    if kinds and kinds <= {list, tuple}:
        inner = chain.from_iterable(each for each in cells if each is not None)
        return bool(types.is_list(stored)) and are_plain(inner, stored.value_type)
    if len(kinds) != 1:
        return not kinds
    kind = kinds.pop()
    if (kind.__module__, kind.__name__) == ("numpy", "ndarray"):
        return are_plain_arrays([each for each in cells if each is not None], stored)
    if kind is int and None in cells and max(abs(each or 0) for each in cells) > 2**53:
        return False  # they become floats
    return kind in PLAIN and bool(getattr(types, PLAIN[kind])(stored))


PLAIN = {
    bool: "is_boolean",
    bytes: "is_binary",
    date: "is_date32",
    float: "is_float64",
    int: "is_integer",
    str: "is_string",
    timedelta: "is_duration",
}


def are_plain_arrays(arrays: list[Any], stored: Any) -> bool:
    """Whether all arrays have numbers of one type, and the stored lists the same."""
    import pyarrow

    dtypes = {each.dtype for each in arrays}
    dtype = dtypes.pop()
    is_list = pyarrow.types.is_list(stored) and dtype.kind in "biuf" and not dtypes
    return is_list and bool(stored.value_type == pyarrow.from_numpy_dtype(dtype))


def form(cell: Any) -> Any:
    """Returns an object that equals the form of another cell of the same kind and value.

    All missing values of pandas are the same one. What Parquet cannot have equals nothing.
    """
    kind: Any = type(cell)
    try:
        return form_of(kind)(cell)
    except OverflowError:  # a time that is not in the years 1 to 9999 in UTC
        return object()


@functools.cache
def form_of(kind: type) -> Callable[[Any], Any]:
    """Returns the function that makes the forms of cells of a type."""
    return next((make for base, make in forms() if issubclass(kind, base)), unequal)


@functools.cache
def forms() -> list[tuple[type, Callable[[Any], Any]]]:
    """Returns the functions that make forms, by the type of cells. The first one counts."""
    import numpy
    import pandas

    return [
        (type(None), lambda cell: None),
        (type(pandas.NA), lambda cell: None),
        (type(pandas.NaT), lambda cell: None),
        (numpy.datetime64, lambda cell: form(pandas.Timestamp(cell))),
        (numpy.timedelta64, lambda cell: form(pandas.Timedelta(cell))),
        (numpy.longdouble, unequal),
        (numpy.bool_, lambda cell: ("bool", bool(cell))),
        (numpy.integer, lambda cell: form_of_number(cell.item())),
        (numpy.floating, lambda cell: form_of_number(cell.item())),
        (numpy.ma.MaskedArray, unequal),
        (numpy.ndarray, form_of_array),
        (enum.Enum, unequal),
        (bool, lambda cell: ("bool", cell)),
        (int, form_of_number),
        (float, form_of_number),
        (str, lambda cell: ("str", str.__str__(cell))),
        (bytes, lambda cell: ("bytes", bytes(cell))),
        (bytearray, lambda cell: ("bytes", bytes(cell))),
        (Decimal, lambda cell: ("Decimal", cell, cell.is_signed())),
        (datetime, form_of_moment),
        (date, lambda cell: ("date", cell.toordinal())),
        (time, lambda cell: object() if cell.tzinfo else ("time", cell)),
        (timedelta, form_of_duration),
        (UUID, lambda cell: ("UUID", cell.int)),
        (list, lambda cell: ("list", list(map(form, cell)))),
        (tuple, lambda cell: ("list", list(map(form, cell)))),
        (dict, lambda cell: ("dict", {form(key): form(each) for key, each in cell.items()})),
    ]


def unequal(cell: Any) -> Any:
    return object()


def form_of_array(cell: Any) -> Any:
    return ("list", list(map(form, cell))) if cell.ndim == 1 else object()


def form_of_number(cell: Any) -> Any:
    return None if cell != cell else ("number", cell, math.copysign(1, cell))


def form_of_duration(cell: Any) -> Any:
    digits = getattr(cell, "nanoseconds", 0)  # of a pandas.Timedelta
    return "timedelta", cell.days, cell.seconds, cell.microseconds, digits


def form_of_moment(cell: Any) -> Any:
    digits = getattr(cell, "nanosecond", 0)  # of a pandas.Timestamp
    moment = cell.to_pydatetime(warn=False) if hasattr(cell, "nanosecond") else cell
    if moment.utcoffset() is None:
        return "local", moment.replace(tzinfo=None, fold=0), digits
    return "moment", moment.astimezone(timezone.utc), digits
