"""The Python values of versions."""

# The packages that it uses have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..core.errors import HoldfastError, Json, quoted
from ..core.shapes import is_dict, is_list
from ..files.file import READ_BYTES, File, Files, unreadable, value_files
from .arrow import read_arrow
from .objects.in_memory import is_memory, load_files_into
from .objects.objects import facts_of, load_object
from .parquet import read_parquet

MAX_SPARSE = 10_000_000


def load_value(
    version: Files, copy: Callable[[], Path], into: Any = None, trust: bool | Sequence[str] = False
) -> Any:
    """Returns the value of a version, by its materializer or else by the extension of its file.

    `copy` returns a folder with its files; `into` and `trust` are those of `Registry.load`.
    """
    kind, files = version.materializer, value_files(version)
    facts = facts_of(version)
    if facts is not None:
        return load_object(version, facts, copy, into, trust)
    if is_memory(into):
        return load_files_into(version, into)
    if into is not None:
        state = f"`into` is only for saved objects, and its materializer is {quoted(kind)}"
        message = f"Cannot load {quoted(version.ref)}: {state}"
        raise HoldfastError("Invalid", message, "Leave out `into`.")
    if kind == "json":
        value = version.file("data.json").json()
        try:
            return restored(version, value)
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            message = f"Cannot load {quoted(version.ref)}: Python cannot hold its value ({error})"
            raise HoldfastError("Unsupported", message, READ_BYTES) from error
    if kind == "text":
        return version.file("text.txt").text()
    if kind in ("bytes", "array-buffer"):
        return version.file("data.bin").read()
    if kind == "blob":
        return version.file("content").read()
    known = kind in ("ndarray", "typed-array", "file") or kind.startswith("format/")
    if kind.startswith("format/"):
        files = [file for file in files if file.path != "format.json"]
    if not known or len(files) != 1 or files[0].mode not in (None, "executable"):
        hint = "Call `download(ref, to)`, or `open(ref).file(path).read()`."
        count = "one file" if len(files) == 1 else f"{len(files)} files"
        state = f"it has {count} of the materializer {quoted(kind)}"
        raise HoldfastError("Unsupported", f"Cannot load {quoted(version.ref)}: {state}", hint)
    return load_file(files[0])


def load_file(file: File) -> Any:
    extension = os.path.splitext(file.path)[1].lower()
    if extension == ".npy":
        return load_array(file)
    if extension == ".json":
        return file.json()
    if extension in (".txt", ".md"):
        return file.text()
    if extension in (".parquet", ".arrow", ".feather"):
        return load_table(file, extension)
    return file.read()


def load_array(file: File) -> Any:
    try:
        import numpy
    except ImportError as error:
        raise needs(file, "NumPy", "numpy", error) from None
    try:
        return numpy.lib.format.read_array(io.BytesIO(file.read()), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise unreadable(file, f"it is not an array ({error})") from error


def load_table(file: File, extension: str) -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise needs(file, "PyArrow", "pyarrow", error) from None
    data = file.read()
    # The threads of PyArrow can abort a program that ends right after this.
    use_threads = len(data) > 2**20
    try:
        if extension == ".parquet":
            return read_parquet(pyarrow.BufferReader(data), use_threads=use_threads)
        return read_arrow(data, use_threads)
    except MemoryError:  # which some errors of PyArrow are
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise unreadable(file, f"it is not a table ({error})") from error


def needs(file: File, title: str, package: str, error: ImportError) -> HoldfastError:
    hint = f"Run `pip install {package}`, or read the file as bytes: `open(ref).file(path).read()`."
    message = f"Cannot load {quoted(file.path)}: {title} cannot be imported ({error})"
    return HoldfastError("Unsupported", message, hint)


def restored(version: Files, value: Any) -> Any:
    """Returns the Python value of JSON in which `$holdfast` marks what JSON lacks (section 9)."""
    if is_list(value):
        return [restored(version, item) for item in value]
    if not is_dict(value):
        return value
    mark = value.get("$holdfast")
    if "$holdfast" not in value:
        return {key: restored(version, item) for key, item in value.items()}
    inner = value.get("value")
    if mark == "undefined" or (mark == "date" and inner is None):
        return None
    if mark == "number":
        return float(str(inner).replace("Infinity", "inf"))
    if mark == "bigint":
        return int(str(inner))
    if mark == "date":
        return date_of(str(inner))
    if mark in ("bare", "object"):
        return {key: restored(version, item) for key, item in (inner or {}).items()}
    if mark in ("map", "set", "sparse"):
        return collection_of(mark, value, [restored(version, item) for item in inner or []])
    if mark in ("bytes", "blob"):
        return version.file(value["file"]).read()
    if mark in ("typed-array", "ndarray"):
        return load_array(version.file(value["file"]))
    message = f"Cannot load {quoted(version.ref)}: unknown mark {mark!r} in its JSON"
    raise HoldfastError("Unsupported", message, "Read it with a newer release of this reader.")


def collection_of(mark: str, value: Json, items: list[Any]) -> Any:
    """Returns a dict or a set if Python can tell all keys apart, else a list."""
    if mark == "sparse":
        if value["length"] > MAX_SPARSE:
            raise ValueError(f"a sparse array of the length {value['length']}")
        values: list[Any] = [None] * value["length"]
        for index, item in items:
            values[index] = item
        return values
    try:
        made: Any = dict(map(tuple, items)) if mark == "map" else set(items)
    except TypeError:
        return items
    return made if len(made) == len(items) else items


def date_of(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except ValueError:
        message = f"Cannot load the date {quoted(text)}: Python has the years 1 to 9999"
        raise HoldfastError("Unsupported", message, "Read `data.json` as it is.") from None
