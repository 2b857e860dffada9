"""Parquet that is read into memory, unless it takes more than there is."""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from ..core.memory import free_memory
from .parquet_pages import DELTA_BYTE_ARRAY, REPEATING, columns_of, pages_of

BITS = {"BOOLEAN": 1, "INT32": 32, "INT96": 96}
"""Bits of a value in memory. Others have 64, as do the offsets of strings, or a length."""


class Kind(NamedTuple):
    """The physical type of a column."""

    path: str
    name: str
    bits: int
    is_kept: bool
    """Whether it is a dictionary in memory too."""


class Part(NamedTuple):
    """A column of a group of rows."""

    path: str
    size: int
    """Its bytes in memory if no string is repeated."""
    stored: int
    """The bytes of its pages, unpacked."""
    most: int
    """Its bytes in memory if each string is as long as all of them."""
    is_delta: bool


def read_parquet(source: Any, most: int = sys.maxsize, use_threads: bool = True) -> Any:
    """Returns a table. Reads at once as many groups of rows as surely fit into memory.

    Raises `ValueError` if it has more than `most` bytes, and `MemoryError` if it does not fit.
    """
    from pyarrow import concat_tables
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(source)
    with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as data:
        kinds = kinds_of(file)
        groups = [parts_of(data, kinds, group) for group in columns_of(data)]
    free, tables = free_memory(), [file.schema_arrow.empty_table()]
    at, rest = 0, min(most, free)
    while at < len(groups):
        first, size = at, 0
        while at < len(groups) and (size := size + sum(x.most for x in groups[at])) <= rest:
            at += 1
        if at == first:
            if not fits(source, at, groups[at], rest):
                if most < free:
                    raise ValueError(f"its rows take more than {most} bytes; trust=True allows it")
                raise MemoryError(f"it takes more than the {free} bytes that are free")
            at += 1
        tables.append(file.read_row_groups(range(first, at), use_threads=use_threads))
        rest -= tables[-1].nbytes
    return concat_tables(tables[1:] or tables)


def kinds_of(file: Any) -> list[Kind]:
    from pyarrow.types import is_dictionary

    kept = {each.name for each in file.schema_arrow if is_dictionary(each.type)}
    return [
        Kind(each.path, each.physical_type, 8 * each.length or 64, each.path in kept)
        for each in file.schema
    ]


def parts_of(data: Any, kinds: list[Kind], columns: list[Any]) -> list[Part]:
    """Measures the columns of a group of rows by their pages: its metadata may be false."""
    found = list[Part]()
    for kind, column in zip(kinds, columns, strict=True):
        pages, is_bytes = pages_of(data, column), kind.name == "BYTE_ARRAY"
        size = pages.values * BITS.get(kind.name, kind.bits) // 8
        size += pages.size if is_bytes else pages.largest
        may_repeat = is_bytes and not kind.is_kept and not REPEATING.isdisjoint(pages.encodings)
        most = size + may_repeat * pages.values * pages.size
        is_delta = DELTA_BYTE_ARRAY in pages.encodings
        found.append(Part(kind.path, size, pages.size, most, is_delta))
    return found


def fits(source: Any, group: int, parts: list[Part], rest: int) -> bool:
    """Whether a group of rows takes no more than `rest` bytes. Reads strings that may repeat."""
    for part in parts:
        rest -= part.size
        for each in lengths_of(source, group, part, rest) if part.most > part.size else ():
            rest -= each
            if rest < 0:
                return False
    return rest >= 0


def lengths_of(source: Any, group: int, part: Part, rest: int) -> Iterator[int]:
    """Yields the bytes of the strings of a column, of some rows at a time."""
    from pyarrow import compute
    from pyarrow.parquet import ParquetFile

    of: Any = compute  # whose functions are made when it is imported
    path = [part.path]
    is_list = "." in part.path and not part.is_delta  # of which a row may have many
    rows = 2**16 if is_list else min(max(rest // (part.stored or 1), 1), 2**16)
    file = ParquetFile(source, read_dictionary=path if is_list else None)
    for batch in file.iter_batches(rows, [group], path, use_threads=False):
        array: Any = batch.column(0)
        while is_list and not hasattr(array, "indices"):
            inner = array.flatten()
            array = inner[0] if isinstance(inner, list) else inner
        lengths = is_list and of.binary_length(array.dictionary).take(array.indices)
        yield of.sum(lengths).as_py() or 0 if is_list else batch.nbytes
