"""Parquet that is read into memory, unless it takes more than there is."""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ..core.memory import free_memory

BITS = {"BOOLEAN": 1, "INT32": 32, "INT96": 96}
"""Bits of a value in memory. Others have 64, as do the offsets of strings, or a length."""
DICTIONARIES, DELTAS = {"PLAIN_DICTIONARY", "RLE_DICTIONARY"}, "DELTA_BYTE_ARRAY"
"""Encodings that store the bytes of many strings once."""


def read_parquet(source: Any, most: int = sys.maxsize, use_threads: bool = True) -> Any:
    """Returns a table. Reads at once as many groups of rows as surely fit into memory.

    Raises `ValueError` if it has more than `most` bytes, and `MemoryError` if it does not fit.
    """
    from pyarrow import concat_tables
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(source)
    free, tables = free_memory(), [file.schema_arrow.empty_table()]
    at, rest = 0, min(most, free)
    while at < file.num_row_groups:
        first, size = at, 0
        while at < file.num_row_groups and (size := size + most_bytes(file, at)) <= rest:
            at += 1
        if at == first:
            if not fits(source, file, at, rest):
                if most < free:
                    raise ValueError(f"its rows take more than {most} bytes; trust=True allows it")
                raise MemoryError(f"it takes more than the {free} bytes that are free")
            at += 1
        tables.append(file.read_row_groups(range(first, at), use_threads=use_threads))
        rest -= tables[-1].nbytes
    return concat_tables(tables[1:] or tables)


def parts_of(file: Any, group: int) -> Iterator[tuple[Any, int]]:
    """Yields the columns of a group of rows, with their bytes if no string is repeated."""
    for at, known in enumerate(file.schema):
        part = file.metadata.row_group(group).column(at)
        size = part.num_values * BITS.get(part.physical_type, 8 * known.length or 64) // 8
        stored = part.total_uncompressed_size
        yield part, size + stored if part.physical_type == "BYTE_ARRAY" else max(size, stored)


def may_repeat(file: Any, part: Any) -> bool:
    """Whether a column may be much longer than its pages, and is not a dictionary in memory too."""
    from pyarrow.types import is_dictionary

    if part.physical_type != "BYTE_ARRAY" or not {*DICTIONARIES, DELTAS} & {*part.encodings}:
        return False
    path, schema = part.path_in_schema, file.schema_arrow
    return path not in schema.names or not is_dictionary(schema.field(path).type)


def most_bytes(file: Any, group: int) -> int:
    """Returns the most that a group of rows can take, if each string is as long as all of them."""
    return sum(
        size + may_repeat(file, part) * part.num_values * part.total_uncompressed_size
        for part, size in parts_of(file, group)
    )


def fits(source: Any, file: Any, group: int, rest: int) -> bool:
    """Whether a group of rows takes no more than `rest` bytes. Reads strings that may repeat."""
    for part, size in parts_of(file, group):
        rest -= size
        for each in lengths_of(source, group, part, rest) if may_repeat(file, part) else ():
            rest -= each
            if rest < 0:
                return False
    return rest >= 0


def lengths_of(source: Any, group: int, part: Any, rest: int) -> Iterator[int]:
    """Yields the bytes of the strings of a column, of some rows at a time."""
    from pyarrow import compute
    from pyarrow.parquet import ParquetFile

    of: Any = compute  # whose functions are made when it is imported
    path = [part.path_in_schema]
    is_list = "." in path[0] and DELTAS not in part.encodings  # of which a row may have many
    rows = 2**16 if is_list else min(max(rest // (part.total_uncompressed_size or 1), 1), 2**16)
    file = ParquetFile(source, read_dictionary=path if is_list else None)
    for batch in file.iter_batches(rows, [group], path, use_threads=False):
        array: Any = batch.column(0)
        while is_list and not hasattr(array, "indices"):
            inner = array.flatten()
            array = inner[0] if isinstance(inner, list) else inner
        lengths = is_list and of.binary_length(array.dictionary).take(array.indices)
        yield of.sum(lengths).as_py() or 0 if is_list else batch.nbytes
