"""Parquet of tables."""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import io
import json
from typing import Any

from ..core.errors import HoldfastError, Json, quoted, unsupported
from ..core.shapes import is_dict
from .table_cells import check_cells, form, objects_in


def is_table(value: Any) -> bool:
    """Whether a value is a table. Subclasses of pandas have members that Parquet lacks."""
    if any(package_of(each) == "pandas" for each in type(value).__mro__):
        kind = type(value)
        return package_of(kind) == "pandas" and kind.__name__ in ("DataFrame", "Series")
    is_other = hasattr(value, "dims") or hasattr(value, "chunks")  # of xarray, or one column
    return hasattr(value, "__arrow_c_stream__") and not is_other


def package_of(kind: type) -> str:
    return str(kind.__module__).partition(".")[0]


def parquet_of(value: Any) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        message = f"Cannot save a table: PyArrow cannot be imported ({error})"
        raise HoldfastError("Unsupported", message, "Run `pip install pyarrow`.") from None
    package, sink = package_of(type(value)), io.BytesIO()
    try:
        if package in ("pandas", "polars") and hasattr(value, "to_frame"):
            value = value.to_frame()  # a series
        if package == "polars":  # Arrow tables of its categories are more than Parquet can have
            value.write_parquet(sink, compression="snappy")
        elif package == "pandas":
            value = value.copy(deep=False)  # as it is now: pandas copies on write
            objects = objects_in(value)
            table = pyarrow.Table.from_pandas(value, nthreads=1)  # a pool fails at the exit
            check_columns(value, table)
            parquet.write_table(table, sink)
            check_cells(value, objects, sink)
        else:
            table = pyarrow.table(value)
            table.validate(full=True)  # Parquet changes days with a time of day, for example
            parquet.write_table(table, sink)
        schema = parquet.read_schema(sink)  # fails for unknown types
        if len(set(schema.names)) < len(schema.names):
            raise unsupported(value, "several columns have the same name", TABLE_HINT)
        if any(has_lists_of_nothing(each.type) for each in schema):
            raise unsupported(value, "Parquet cannot have arrays of the width 0", TABLE_HINT)
    except (HoldfastError, MemoryError):
        raise
    except Exception as error:  # pandas, polars and PyArrow raise errors of many classes
        state = " ".join(str(each) for each in error.args)
        raise unsupported(value, f"Parquet cannot have it ({state})", TABLE_HINT) from error
    return sink.getvalue()


TABLE_HINT = "Convert such columns, for example to strings, and rename duplicates."


def check_columns(value: Any, table: Any) -> None:
    """Raises `Unsupported` for a data frame of which Parquet changes more than the encoding."""
    from pyarrow import parquet

    sink = io.BytesIO()
    known = types_of(value)
    has_categories = "category" in map(str, known)  # which are in the data
    parquet.write_table(table if has_categories else without_rows(table), sink)
    # The threads of PyArrow can abort a program that ends right after this.
    back = parquet.ParquetFile(sink).read(use_threads=False).to_pandas(use_threads=False)
    rename = "columns = value.columns.astype(str)"
    for what, old, new, hint in (
        ("names of its columns", value.columns, back.columns, rename),
        ("names of its index", value.index.names, back.index.names, "index.names = ['row']"),
        ("title of its columns", value.columns.names, back.columns.names, "columns.names = ['n']"),
    ):
        if not has_same(old, new):
            raise unsupported(value, f"Parquet changes the {what}", f"Rename them: value.{hint}.")
    if not value.flags.allows_duplicate_labels:
        hint = "Call value.set_flags(allows_duplicate_labels=True), and set the flag after a load."
        raise unsupported(value, "Parquet cannot store its flag allows_duplicate_labels", hint)
    kept: Json = (table.schema.pandas_metadata or {}).get("attributes") or {}
    if kept != value.attrs:
        raise unsupported(value, "its attrs are not JSON", "Remove them: value.attrs = {}.")
    names = [*map(str, value.columns), *(["index"] * value.index.nlevels)]
    for name, old, new in zip(names, known, types_of(back), strict=True):
        is_time = old.kind == new.kind == "M" and type(old) is type(new)
        is_kept = str(old) == "object" or old == new or is_time
        if str(old) == str(new) == "category" and str(old.categories.dtype) == "object":
            is_kept = old.ordered == new.ordered and has_same(old.categories, new.categories)
        if not is_kept:
            state = f"Parquet changes the column {quoted(name)} of the type {old}"
            raise unsupported(value, state, TABLE_HINT)


def without_rows(table: Any) -> Any:
    """Returns a table of no rows, also in the description of a range that is its index."""
    facts: Json = table.schema.pandas_metadata or {}
    for each in facts.get("index_columns", []):
        if is_dict(each):
            each["stop"] = each["start"]
    known = {**(table.schema.metadata or {}), b"pandas": json.dumps(facts).encode()}
    return table.slice(0, 0).replace_schema_metadata(known)


def has_same(old: Any, new: Any) -> bool:
    """Whether two indexes have the same labels, of the same kinds."""
    return bool(form(list(old)) == form(list(new)))


def has_lists_of_nothing(kind: Any) -> bool:
    """Whether a type has lists of the fixed size 0, which PyArrow writes but cannot read."""
    is_empty = bool(getattr(kind, "list_size", 1) == 0)
    return is_empty or any(
        has_lists_of_nothing(kind.field(at).type) for at in range(kind.num_fields)
    )


def types_of(frame: Any) -> list[Any]:
    """Returns the types of the columns of a data frame, and of its index."""
    return [*frame.dtypes, *frame.index.to_frame().dtypes]
