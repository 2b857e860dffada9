"""Objects as folders: the files of their serializer, and what it returned."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ...core.errors import Conflict, HoldfastError, Json, quoted, unsupported
from ...core.shapes import is_dict
from ...files.file import File, Files, unreadable
from ...files.temporary import temporary_error, temporary_folder
from . import adapters as _adapters
from . import data_sets as _data_sets
from . import estimators as _estimators
from . import images as _images
from . import keras_models as _keras_models
from . import libraries as _libraries
from . import modules as _modules
from . import pretrained as _pretrained
from . import records as _records
from . import tensors as _tensors
from .in_memory import is_memory, load_state_into
from .table import ROWS, Loading, Row, find_row, path_of

FACTS = "holdfast-object.json"
FORMAT = "holdfast-object/1"
BUILT_IN = (
    *(_adapters, _data_sets, _estimators, _images, _keras_models, _libraries, _modules),
    *(_pretrained, _records),
)
"""Modules that register their types."""


def serializer_of(value: Any) -> Row | None:
    """Returns the serializer of an object; None for a value that is saved in another way."""
    row = find_row(value)
    if row is None and isinstance(value, (dict, list, tuple)) and _tensors.has_tensors(value):
        return Row("torch.state", ROWS["torch.state"])
    if row is None and _records.is_record(value):
        return Row(_records.ROW, ROWS[_records.ROW])
    return row


@contextmanager
def object_folder(value: Any, row: Row) -> Generator[Path, None, None]:
    """Writes an object into a temporary folder."""
    with temporary_folder() as folder:
        kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]
        try:
            facts = row.serializer.save(value, folder) or {}
        except (HoldfastError, MemoryError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno:  # of the disk, and not of the package
                raise
            check_disk(error)
            raise failed(f"save a value of the type {path_of(kind)}", error) from error
        if (folder / FACTS).exists():
            hint = f"Give the file another name: {FACTS} describes the object."
            raise unsupported(value, f"its serializer wrote {quoted(FACTS)}", hint)
        package = kind.__module__.partition(".")[0]
        release = getattr(sys.modules.get(package), "__version__", None)
        try:
            known: Json = {"format": FORMAT, "serializer": row.name, "class": path_of(kind)}
            if isinstance(release, str):
                known["package"] = {"name": package, "version": release}
            text = json.dumps({**known, "facts": facts}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            hint = "Return a dict of JSON from `save` of the serializer."
            raise unsupported(value, f"its serializer returned no JSON ({error})", hint) from None
        prove(value, row, Loading("", folder, json.loads(text)["facts"], None, True))
        (folder / FACTS).write_text(text, encoding="utf-8")
        yield folder


OF_DISKS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
LEAST_FREE = 2**16


def check_disk(error: Exception) -> None:
    """Raises the `OSError` or the `MemoryError` that packages show as a text, or hide."""
    is_of_memory = re.search(r"not enough memory|alloc.* memory|out of memory", str(error), re.I)
    if is_of_memory and isinstance(error, RuntimeError):  # of PyTorch
        raise MemoryError(str(error).partition("\n")[0]) from error
    number = next((each for each in OF_DISKS if os.strerror(each) in str(error)), 0)
    with suppress(OSError):
        if shutil.disk_usage(tempfile.gettempdir()).free < LEAST_FREE:
            number = number or errno.ENOSPC
    if number:
        raise OSError(number, os.strerror(number)) from error


def prove(value: Any, row: Row, loading: Loading) -> None:
    """Raises `Unsupported` if the files of a value come back as another value.

    Raises `Conflict` if the value changed after they were written.
    """
    difference = getattr(row.serializer, "difference", None)
    if difference is None:
        return
    try:
        state = difference(value, loading)
    except (Conflict, MemoryError):
        raise
    except Exception as error:
        check_disk(error)
        state = f"it cannot be loaded again ({getattr(error, 'message', error)})"
    if state:
        is_module = hasattr(value, "state_dict")  # whose hint is to save that
        hint = "" if is_module else "Save its parts, or a file that its package writes."
        raise unsupported(value, state, hint)


def facts_of(version: Files) -> File | None:
    """Returns the file that describes an object, None for a version of another kind."""
    if version.materializer != "folder":
        return None
    return next((file for file in version.files if file.path == FACTS), None)


def class_of(version: Files) -> str | None:
    """Returns the module and name of the class of an object. Nothing imports it."""
    file = facts_of(version)
    known = None if file is None else file.json()
    name = known.get("class") if is_dict(known) else None
    return name if isinstance(name, str) else None


UNREADABLE = (
    "BadZipFile CatBoostError DecodeError DecompressionBombError LightGBMError SafetensorError"
)
"""Errors of packages for files that they cannot read."""


def load_object(
    version: Files, file: File, copy: Callable[[], Path], into: Any, trust: bool | Sequence[str]
) -> Any:
    """Loads an object. `copy` returns a folder with its files."""
    known = file.json()
    if not is_dict(known) or known.get("format") != FORMAT or not is_dict(known.get("facts")):
        raise unreadable(file, "it describes no object that this release can load")
    name = str(known.get("serializer"))
    serializer = ROWS.get(name)
    if serializer is None:
        hint = "Import the module that registers it, or download the files."
        message = f"Cannot load {quoted(version.ref)}: no serializer {quoted(name)}"
        raise HoldfastError("Unsupported", message, hint)
    facts = known["facts"]
    try:
        if name in ("torch.state", "torch.module") and is_memory(into):
            return load_state_into(version, facts["state"], into)
        return serializer.load(Loading(version.ref, copy(), facts, into, trust))
    except (HoldfastError, MemoryError):
        raise
    except Exception as error:
        try:
            check_disk(error)
        except OSError as own:
            raise temporary_error(f"load {quoted(version.ref)}", own) from error
        is_odd = isinstance(error, (KeyError, RecursionError, ValueError))
        if is_odd or type(error).__name__ in UNREADABLE.split():
            raise unreadable(file, f"its files do not match it ({error})") from error
        raise failed(f"load {quoted(version.ref)}", error) from error


PACKAGES = {"PIL": "pillow", "pydantic": "'pydantic>=2'", "sklearn": "scikit-learn"}
"""Arguments of `pip install` for modules, if they are not the module's name."""


def failed(action: str, error: Exception) -> HoldfastError:
    """Returns the error for one that the package of an object raised."""
    message = f"Cannot {action}: {type(error).__name__}: {error}"
    if isinstance(error, ImportError):
        module = (error.name or "").partition(".")[0]
        hint = f"Run `pip install --upgrade {PACKAGES.get(module, module)}`."
        return HoldfastError("Unsupported", message, hint if module else "Install the package.")
    if action.startswith("save"):
        return HoldfastError("TaskFailed", message, "Fix the value, or save a part of it.")
    hint = "Pass `into` with the class and the arguments of the saved object."
    return HoldfastError("TaskFailed", message, hint)
