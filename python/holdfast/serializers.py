"""Files of Python values (FORMAT.md, section 9)."""

from __future__ import annotations

import io
import json
import math
import os
import stat
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from .errors import HoldfastError, Json, quoted
from .versions import MAX_SAFE

MARK = "$holdfast"


class FileToSend(NamedTuple):
    path: str
    content: bytes | Path
    mode: str | None = None


def files_of(value: Any) -> tuple[str, list[FileToSend]]:
    """Returns the materializer of a value, and its files."""
    if isinstance(value, os.PathLike):
        return files_at(Path(value))
    if isinstance(value, str):
        return "text", [FileToSend("text.txt", value.encode())]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "bytes", [FileToSend("data.bin", bytes(value))]
    if is_table(value):
        return "format/parquet", [FileToSend("data.parquet", parquet_of(value))]
    if is_array(value):
        return "ndarray", [FileToSend("array.npy", npy_of(value))]
    parts: list[FileToSend] = []
    try:
        text = json.dumps(marked(value, parts), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise unsupported(value, "it is nested too deep, or contains itself") from None
    return "json", [FileToSend("data.json", text.encode()), *parts]


def files_at(path: Path) -> tuple[str, list[FileToSend]]:
    if not path.is_dir():
        if not path.is_file():
            message = f'Cannot save "{path}": no such file or folder'
            raise HoldfastError("NotFound", message, "Check the path. A str is saved as text.")
        return "file", [FileToSend(path.name, path, mode_of(path))]
    return "folder", sorted(files_below(path, path))


def files_below(folder: Path, root: Path) -> Iterator[FileToSend]:
    is_empty = True
    for entry in os.scandir(folder):
        is_empty, place = False, Path(entry.path)
        path = place.relative_to(root).as_posix()
        if entry.is_symlink():
            yield FileToSend(path, os.fsencode(os.readlink(place)), "link")
        elif entry.is_dir():
            yield from files_below(place, root)
        elif entry.is_file():
            yield FileToSend(path, place, mode_of(place))
        else:
            message = f'Cannot save "{place}": not a file, a folder or a link'
            raise HoldfastError("Unsupported", message, "Remove it from the folder.")
    if is_empty and folder != root:
        yield FileToSend(folder.relative_to(root).as_posix(), b"", "folder")


def mode_of(path: Path) -> str | None:
    is_executable = os.name == "posix" and path.stat().st_mode & stat.S_IXUSR
    return "executable" if is_executable else None


def is_table(value: Any) -> bool:
    return hasattr(value, "__arrow_c_stream__") or type(value).__module__.startswith("pandas.")


def is_array(value: Any) -> bool:
    return hasattr(value, "__array__") and not isinstance(value, (int, float))


def parquet_of(value: Any) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        message = f"Cannot save a table: PyArrow cannot be imported ({error})"
        raise HoldfastError("Unsupported", message, "Run `pip install pyarrow`.") from None
    if hasattr(value, "to_frame") and not hasattr(value, "columns"):
        value = value.to_frame()  # a series
    is_pandas = type(value).__module__.startswith("pandas.")
    table = pyarrow.Table.from_pandas(value) if is_pandas else pyarrow.table(value)
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def npy_of(value: Any) -> bytes:
    import numpy

    buffer = io.BytesIO()
    try:
        numpy.save(buffer, numpy.asarray(value), allow_pickle=False)
    except ValueError:
        raise unsupported(value, "its elements are objects") from None
    return buffer.getvalue()


def marked(value: Any, parts: list[FileToSend]) -> Any:
    """Returns JSON in which `$holdfast` marks what JSON lacks: see `restored` in values.py."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE else {MARK: "bigint", "value": str(value)}
    if isinstance(value, float):
        if math.isfinite(value) and (value or math.copysign(1, value) > 0):
            return value
        text = "-0" if value == 0 else "NaN" if value != value else str(value)
        return {MARK: "number", "value": text.replace("inf", "Infinity")}
    if isinstance(value, datetime):
        text = value.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        return {MARK: "date", "value": text.replace("+00:00", "Z")}
    if isinstance(value, (list, tuple)):
        return [marked(each, parts) for each in value]
    if isinstance(value, (set, frozenset)):
        return {MARK: "set", "value": [marked(each, parts) for each in value]}
    if isinstance(value, dict):
        return marked_dict(value, parts)
    if isinstance(value, (bytes, bytearray)):
        path = f"parts/{len(parts)}.bin"
        parts.append(FileToSend(path, bytes(value)))
        return {MARK: "bytes", "class": "Uint8Array", "file": path}
    if is_array(value):
        if getattr(value, "ndim", 1) == 0 and hasattr(value, "item"):
            return marked(value.item(), parts)
        path = f"parts/{len(parts)}.npy"
        parts.append(FileToSend(path, npy_of(value)))
        return {MARK: "ndarray", "file": path}
    raise unsupported(value, "JSON has no such values")


def marked_dict(value: Json, parts: list[FileToSend]) -> Json:
    if not all(isinstance(key, str) for key in value):
        pairs = [[marked(key, parts), marked(each, parts)] for key, each in value.items()]
        return {MARK: "map", "value": pairs}
    members = {key: marked(each, parts) for key, each in value.items()}
    return {MARK: "object", "value": members} if MARK in members else members


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


def unsupported(value: Any, state: str) -> HoldfastError:
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    message = f"Cannot save a value of the type {kind}: {state}"
    hint = "Write it to a file with the package of that type, and save the path: Path('model.bin')."
    return HoldfastError("Unsupported", message, hint)
