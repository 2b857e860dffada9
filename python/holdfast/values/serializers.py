"""Files of Python values (FORMAT.md, section 9)."""

from __future__ import annotations

import enum
import io
import json
import math
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple, TypeAlias, cast

from ..core.errors import HoldfastError, Json, changed, quoted, unsupported
from ..core.metadata import not_finite, number_of
from ..core.shapes import is_dict, is_sequence, is_set
from ..core.versions import MAX_SAFE
from .tables import is_table, parquet_of

MARK = "$holdfast"
Keys: TypeAlias = "tuple[Keys, Any] | None"
"""The path of a value inside another one: that of its parent, and its key."""


class FileToSend(NamedTuple):
    path: str
    content: bytes | Path
    mode: str | None = None
    given: bool = False
    """Whether nobody changes a file of `content` any more, so that a service may keep it."""


class Parts:
    """The arrays and bytes of a value. A second reading of the value must find the same ones."""

    LEAST_OUTSIDE = 2**18
    """Larger ones are written into temporary files, and take no more memory."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self.files: list[FileToSend] = []
        self.position = 0
        self.folder = folder

    def add(self, extension: str, write: Callable[[Any], object], size: int) -> str:
        """Adds a file, or compares it with the one of the first reading."""
        path, found = f"parts/{self.position}.{extension}", self.files[self.position :][:1]
        if found:
            content = found[0].content
            with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as own:
                write(SimpleNamespace(write=partial(check_same, own)))
                check_same(own, b"")
        elif size <= self.LEAST_OUTSIDE:
            write(sink := io.BytesIO())
            self.files.append(FileToSend(path, sink.getvalue()))
        else:
            with (self.folder() / str(self.position)).open("wb") as file:
                write(SimpleNamespace(write=file.write))  # else NumPy hides errors of the disk
            self.files.append(FileToSend(path, Path(file.name), given=True))
        self.position += 1
        return path


def check_same(own: BinaryIO, piece: bytes) -> None:
    """Raises `Conflict` if these are not the next bytes of a file; without any, if it has more."""
    if own.read(len(piece) or 1) != piece:
        raise changed("the value")


def files_of(value: Any, folder: Callable[[], Path]) -> tuple[str, list[FileToSend]]:
    """Returns the materializer of a value, and its files, of which large ones are in `folder`."""
    if isinstance(value, os.PathLike):
        return files_at(Path(cast("os.PathLike[str]", value)))
    if is_table(value):
        return "format/parquet", [FileToSend("data.parquet", parquet_of(value))]
    parts = Parts(folder)
    try:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return "bytes", [FileToSend("data.bin", bytes(cast("bytes", value)))]
        known = marked(value, parts)
        parts.position = 0
        if marked(value, parts) != known:
            raise changed("the value")
        if is_array(value):
            return "ndarray", [parts.files[0]._replace(path="array.npy")]
        if isinstance(known, str):
            return "text", [FileToSend("text.txt", known.encode())]
        text = json.dumps(known, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise unsupported(value, "it is nested too deep, or contains itself") from None
    except (RuntimeError, BufferError):  # of a collection of another class, while it changes
        raise changed("the value") from None
    except ValueError as error:  # of a str that is not Unicode, or a released memoryview
        raise unsupported(value, f"it cannot be read ({error})", "Save bytes.") from None
    return "json", [FileToSend("data.json", text), *parts.files]


def refuse_path(name: str, value: Any) -> None:
    """Raises `Invalid` for a str that names a file, which would be saved as text."""
    try:
        is_path = isinstance(value, str) and len(value) < 4096 and os.path.exists(value)
    except ValueError:  # it has a NUL character, or a lone surrogate
        return
    if is_path:
        path = f"pathlib.Path({str(value)!r})"
        state = f"the str {quoted(value)} names a {'folder' if os.path.isdir(value) else 'file'}"
        hint = f"Pass {path} to save what it names, or text=True to save the str."
        raise HoldfastError("Invalid", f"Cannot save {quoted(name)}: {state}", hint)


def files_at(path: Path) -> tuple[str, list[FileToSend]]:
    if not path.is_dir():
        if not path.is_file():
            state = "not a file or a folder" if os.path.lexists(path) else "no such file or folder"
            message = f'Cannot save "{path}": {state}'
            raise HoldfastError("NotFound", message, "Check the path. A str is saved as text.")
        refuse_bytes(path.name)
        return "file", without_false_bits([FileToSend(path.name, path, mode_of(path))])
    return "folder", without_false_bits(sorted(files_below(path, path)))


def refuse_bytes(path: str) -> None:
    """Raises `Invalid` for a name that is not UTF-8: Python has lone surrogates for its bytes."""
    if not path.isascii() and path.encode(errors="ignore").decode() != path:
        message = f"Cannot save {quoted(path)}: its name is not UTF-8"
        raise HoldfastError("Invalid", message, "Rename it.")


def files_below(folder: Path, root: Path) -> Iterator[FileToSend]:
    is_empty = True
    for entry in os.scandir(folder):
        is_empty, place = False, Path(entry.path)
        path = place.relative_to(root).as_posix()
        refuse_bytes(path)
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


def without_false_bits(files: list[FileToSend]) -> list[FileToSend]:
    """Clears the executable bit of files whose disk shows every file as executable."""
    modes = {file.mode for file in files if isinstance(file.content, Path)}
    first = next((file.content for file in files if isinstance(file.content, Path)), None)
    if modes != {"executable"} or first is None or keeps_executable_bits(first.parent):
        return files
    return [file._replace(mode=None) if file.mode == "executable" else file for file in files]


def keeps_executable_bits(folder: Path) -> bool:
    """Tries it with a file that is removed at once: exFAT, NTFS and shares of Windows do not."""
    before = folder.stat()
    try:
        with tempfile.TemporaryFile(prefix=".holdfast-", dir=folder) as trial:  # of mode 0600
            is_kept = not os.fstat(trial.fileno()).st_mode & stat.S_IXUSR
    except OSError:  # this program may not write there
        return True
    if folder.stat().st_mtime_ns != before.st_mtime_ns:  # it had a name
        with suppress(PermissionError):  # the folder is another user's
            os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))
    return is_kept


def mode_of(path: Path) -> str | None:
    is_executable = os.name == "posix" and path.stat().st_mode & stat.S_IXUSR
    return "executable" if is_executable else None


def is_array(value: Any) -> bool:
    """Whether a value is an array of NumPy, and neither a subclass nor like one."""
    kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]
    return kind.__module__ == "numpy" and kind.__name__ in ("ndarray", "memmap")


def write_npy(value: Any, sink: Any) -> None:
    import numpy

    dtype = value.dtype
    try:
        if dtype.hasobject:
            raise unsupported(value, "its elements are objects", OBJECTS_HINT)
        if has_metadata(dtype):
            raise unsupported(
                value, "a .npy file cannot store the metadata of its dtype", PLAIN_HINT
            )
        is_kept = numpy.lib.format.descr_to_dtype(numpy.lib.format.dtype_to_descr(dtype)) == dtype
    except (TypeError, ValueError):
        is_kept = False
    if not is_kept:
        hint = f"Save value.view('u{dtype.itemsize}') or value.astype('float32')."
        if dtype.names:
            hint = "Save its fields: {name: value[name] for name in value.dtype.names}."
        raise unsupported(value, f"a .npy file cannot have its dtype {dtype}", hint)
    if dtype.names:
        copy = numpy.zeros(value.shape, dtype, "F" if value.flags.fnc else "C")
        copy_fields(value, copy)
        value = copy
    numpy.save(sink, value, allow_pickle=False)


def copy_fields(value: Any, copy: Any) -> None:
    """Copies a structured array without the bytes between its fields, which are arbitrary."""
    for name in value.dtype.names:
        if value[name].dtype.names:
            copy_fields(value[name], copy[name])
        else:
            copy[name][...] = value[name]


def has_metadata(dtype: Any) -> bool:
    inner = [dtype.base] if dtype.subdtype else [dtype[name] for name in dtype.names or ()]
    return bool(dtype.metadata) or any(map(has_metadata, inner))


PLAIN_HINT = "Save its values: value.astype(value.dtype.str), and the metadata as `metadata=`."
OBJECTS_HINT = "Convert them: value.astype(float), value.astype(str), or save value.tolist()."


def marked(value: Any, parts: Parts, at: Keys = None) -> Any:
    """Returns JSON in which `$holdfast` marks what JSON lacks: see `restored` in values.py.

    Reads each collection at once, as another thread may change it. `at` is the path of the value.
    """
    module = type(value).__module__
    if module != "builtins":
        if isinstance(value, enum.Enum):
            raise unsupported(value, "JSON has no enums", "Save its `.value` or its `.name`.")
        if is_array(value):
            path = parts.add("npy", partial(write_npy, value), value.nbytes)
            return {MARK: "ndarray", "file": path}
        if module in ("numpy", "ml_dtypes"):
            value = number_of(value)
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE else {MARK: "bigint", "value": digits_of(value)}
    if isinstance(value, float):
        if math.isfinite(value) and (value or math.copysign(1, value) > 0):
            return value
        text = "-0" if math.isfinite(value) else not_finite(value)
        return {MARK: "number", "value": text}
    if type(value) is datetime:
        return {MARK: "date", "value": text_of_time(value)}
    if is_sequence(value):
        return [marked(each, parts, (at, index)) for index, each in enumerate(list(value))]
    if is_set(value):
        return {MARK: "set", "value": [marked_key(each, value, parts) for each in list(value)]}
    if is_dict(value):
        return marked_dict(value, parts, at)
    if isinstance(value, (bytes, bytearray)):
        path = parts.add("bin", lambda sink: sink.write(bytes(value)), len(value))
        return {MARK: "bytes", "class": "Uint8Array", "file": path}
    raise unsupported(value, f"JSON has no such values{spoken(at)}")


def spoken(at: Keys) -> str:
    names: list[str] = []
    while at is not None:
        at, key = at
        names.insert(0, str(key))
    return f', at "{".".join(names)}"' if names else ""


def marked_dict(value: Json, parts: Parts, at: Keys) -> Json:
    pairs = [
        (
            key if type(key) is str else marked_key(key, value, parts),
            marked(each, parts, (at, key)),
        )
        for key, each in list(value.items())
    ]
    if not all(isinstance(key, str) for key, _ in pairs):
        return {MARK: "map", "value": pairs}
    members = dict(pairs)
    return {MARK: "object", "value": members} if MARK in members else members


def marked_key(key: Any, owner: Any, parts: Parts) -> Any:
    """Marks a key of a dict or an element of a set, which must be one again when it is loaded."""
    if isinstance(key, (tuple, frozenset)):
        kind = "tuple" if isinstance(key, tuple) else "frozenset"
        hint = "Use keys and elements of the types str, int, float, bytes or datetime."
        state = f"it contains a {kind}, which would become a list"
        raise unsupported(owner, state, hint)
    return marked(key, parts)


def digits_of(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError as error:  # of more digits than Python converts
        raise unsupported(value, f"it is too large ({error})", "Save hex(value).") from None


def text_of_time(value: datetime) -> str:
    if value.utcoffset() is None:
        hint = "Give it one: value.astimezone(), or value.replace(tzinfo=timezone.utc)."
        raise unsupported(value, "it has no time zone", hint)
    try:
        moment = value.astimezone(timezone.utc)
    except OverflowError:
        hint = "Save value.isoformat()."
        raise unsupported(value, "in UTC it is not in the years 1 to 9999", hint) from None
    if moment.microsecond % 1000:  # also of its offset
        hint = "Save value.isoformat(), or round it: value.replace(microsecond=0)."
        raise unsupported(value, "times are stored in milliseconds", hint)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
